/** What an expert can say came of a call by keypad (`*5N`); the same codes stand in the table outcome_codes. */
export const OUTCOME_BY_DIGIT: Readonly<Record<string, string>> = {
  '1': 'resolved',
  '2': 'information-given',
  '3': 'referred',
  '4': 'follow-up-needed',
  '5': 'not-in-scope',
  '6': 'call-dropped',
  '9': 'other',
};
