"""Reading and writing files, and what every job does around its work: log, threads and memory."""
