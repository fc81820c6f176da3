-- A new case under a reference that was reserved for it. A specialty that is not known here is left out.
-- params: $1 id uuid, $2 reference text, $3 reason text, $4 number text, $5 specialty text, $6 opened at timestamptz
-- rows: reference text
with opened as (
  insert into cases (id, reference, reason, number, specialty, state, opened_at)
  values ($1, $2, $3, $4, (select key from specialties where key = $5), 'received', $6)
  returning id, reference
)
update case_references
set case_id = opened.id
from opened
where case_references.reference = opened.reference
returning case_references.reference;
