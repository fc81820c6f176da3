-- What is owed to one number is looked for whenever a callback of it is due (callbacks/due-callbacks.sql).

create index callbacks_owed on callbacks (number) where state in ('pending', 'live');
