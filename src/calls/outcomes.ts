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

/** The one outcome that says by itself that something is still to be done. */
export const needsFollowUp = (code: string): boolean => code === 'follow-up-needed';
