-- Whether the clinic is closed on official holidays, since when and by whom; always one row.
-- params: none
-- rows: closed boolean, changed_at timestamptz, actor text
select closed, valid_from as changed_at, actor from holiday_closing where valid_to is null;
