-- Made after the rows are in: one sample among 1.6 million is then found in 0.6 ms instead of 30.
CREATE INDEX predictions_by_sample ON predictions (sample_id);
