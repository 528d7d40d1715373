/** A colour that both Firefox containers and Chromium tab groups have, by its container name. */
export type ProfileColour = 'blue' | 'turquoise' | 'green' | 'yellow' | 'orange' | 'red' | 'pink' | 'purple';

type NameRule = { readonly words: RegExp; readonly colour: ProfileColour };

/** What a name says of an account's weight comes first: production is red wherever the word stands. */
const nameRules: readonly NameRule[] = [
  { words: /prod/i, colour: 'red' },
  { words: /stag|uat|test/i, colour: 'orange' },
  { words: /dev|sandbox/i, colour: 'green' },
];

/** Without red, orange and green: those three always mean something. */
const otherColours: readonly ProfileColour[] = ['blue', 'turquoise', 'yellow', 'pink', 'purple'];

/** The colour of a profile: the same on every machine and at every start, so that it can be learned. */
export function profileColour(profile: string): ProfileColour {
  const rule = nameRules.find(({ words }) => words.test(profile));
  return rule?.colour ?? otherColours[hash(profile) % otherColours.length] ?? 'blue';
}

/** Chromium's name for the same colour. */
export function tabGroupColour(colour: ProfileColour): Exclude<ProfileColour, 'turquoise'> | 'cyan' {
  return colour === 'turquoise' ? 'cyan' : colour;
}

/** FNV-1a, 32 bits: spreads short, similar names well. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
