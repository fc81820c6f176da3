/**
 * What citizens are told by text message: every text in one place, polite, plain and short. A message in Persian is sent as
 * UCS-2, of which 70 characters are one part and each part beyond costs as much again (67 then: six bytes tell which part).
 */

export interface Template {
  text: (filled: Filled) => string;
  /** Said within the hour, these say enough: this one is left out then. */
  saidBy: readonly TemplateKey[];
}

export type TemplateKey = 'case-opened' | 'case-answered' | 'case-closed' | 'not-reached';

export interface Parameters {
  /** The case's. */
  reference: string;
}

/** In Persian digits. number: the line's, by which the citizen reaches us. */
interface Filled {
  reference: string;
  number: string;
}

export const TEMPLATES: Readonly<Record<TemplateKey, Template>> = {
  'case-opened': {
    text: ({ reference, number }) => `سامانهٔ ${number}: درخواست شما ثبت شد. شمارهٔ پیگیری: ${reference}`,
    saidBy: [],
  },
  'case-answered': {
    text: ({ reference, number }) =>
      `سامانهٔ ${number}: به درخواست شما با شمارهٔ پیگیری ${reference} پاسخ داده شد. اگر حل نشده است، لطفاً با ${number} تماس بگیرید.`,
    saidBy: [],
  },
  'case-closed': {
    text: ({ reference, number }) =>
      `سامانهٔ ${number}: پیگیری درخواست شما با شمارهٔ ${reference} پایان یافت. اگر حل نشده است، لطفاً با ${number} تماس بگیرید.`,
    saidBy: ['case-answered'],
  },
  'not-reached': {
    text: ({ reference, number }) =>
      `سامانهٔ ${number}: در پی تماس شما چند بار زنگ زدیم و موفق نشدیم. هر زمان خواستید با ${number} تماس بگیرید. شمارهٔ پیگیری: ${reference}`,
    saidBy: [],
  },
};

export const isTemplate = (key: string): key is TemplateKey => key in TEMPLATES;

export const textOf = (key: TemplateKey, { reference }: Parameters, lineNumber: string): string =>
  TEMPLATES[key].text({ reference: inPersian(reference), number: inPersian(lineNumber) });

const inPersian = (digits: string): string =>
  digits.replaceAll(/[0-9]/g, (digit) => String.fromCharCode(0x6f0 + Number(digit)));

const ONE_PART = 70;
const PART_OF_MANY = 67;

/** How many parts a text is sent and paid as. */
export const partsOf = (text: string): number =>
  text.length <= ONE_PART ? 1 : Math.ceil(text.length / PART_OF_MANY);
