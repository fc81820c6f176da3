-- All holidays that stand as rows, to be kept in memory.
-- params: none
-- rows: date text, title text
select date::text, title_fa as title from holidays where withdrawn_at is null order by date, title_fa;
