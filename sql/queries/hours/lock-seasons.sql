-- Makes new seasons wait for each other, so that two cannot overlap unseen.
-- params: none
-- rows: none
lock table seasons in share row exclusive mode;
