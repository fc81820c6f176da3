import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTHING_KEYED, press } from '../../src/recordings/keys.ts';

/** How often the code was keyed. times: of each key, in milliseconds; a second apart by default. */
function completed(digits: string, times: readonly number[] = []): number {
  let keyed = NOTHING_KEYED;
  let count = 0;
  [...digits].forEach((digit, index) => {
    const pressed = press(keyed, digit, times[index] ?? index * 1000);
    keyed = pressed.keyed;
    if (pressed.complete) count += 1;
  });
  return count;
}

describe('the code by which a recording is paused', () => {
  it.each([
    ['*48', 1],
    ['*48*48', 2],
    ['**48', 1],
    ['*4*48', 1],
    ['12*480', 1],
    ['*47*48', 1],
  ])('is found in %s', (digits, times) => expect(completed(digits)).toBe(times));

  it.each(['48', '*', '*4', '*84', '*458', '*448', '*#48', '*45', '*468', '4*8', '*508'])(
    'is not %s',
    (digits) => expect(completed(digits)).toBe(0),
  );

  it('is forgotten when a key is long in coming', () => {
    expect(completed('*48', [0, 4000, 8000])).toBe(1);
    expect(completed('*48', [0, 4001, 4100])).toBe(0);
    expect(completed('*48', [0, 100, 4101])).toBe(0);
    expect(completed('*4848', [0, 4001, 4100, 4200, 4300])).toBe(0);
  });

  it('is keyed as often as it stands there, whatever comes around it', () => {
    const keys = fc.array(fc.constantFrom('*', '4', '8', '5', '#', '*48'), { maxLength: 30 });
    fc.assert(
      fc.property(keys, (parts) => {
        const digits = parts.join('');
        expect(completed(digits)).toBe(digits.split('*48').length - 1);
      }),
    );
  });
});
