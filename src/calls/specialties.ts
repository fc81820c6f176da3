/**
 * The clinic's fields of advice by their digit, as the menu's prompt says them and the table specialties keeps them.
 * In the program and not read from PostgreSQL: the menu works while the database is away.
 */
export const SPECIALTY_BY_DIGIT: Readonly<Record<string, string>> = {
  '1': 'urban-planning',
  '2': 'transport',
  '3': 'urban-services',
  '4': 'finance',
};
