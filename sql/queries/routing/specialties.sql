-- Specialties in the order of the menu.
-- params: none
-- rows: specialty text, titleFa text, titleEn text
select key as specialty, title_fa as "titleFa", title_en as "titleEn"
from specialties
order by position
