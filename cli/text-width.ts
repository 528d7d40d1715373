import stringWidth from 'fast-string-width';

/** How many columns of a terminal a text takes: two for each letter of Chinese, Japanese and Korean and for emoji, none for marks. */
export function textWidth(text: string): number {
  // What nearly every name consists of, without a look at any table.
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** The beginning of a text that has room in so many columns. */
export function startOf(text: string, width: number): string {
  return asManyAsFit(lettersOf(text), width).join('');
}

/** The end of a text that has room in so many columns. */
export function endOf(text: string, width: number): string {
  return asManyAsFit(lettersOf(text).reverse(), width).reverse().join('');
}

function asManyAsFit(letters: readonly string[], width: number): string[] {
  let used = 0;
  const end = letters.findIndex((letter) => {
    used += textWidth(letter);
    return used > width;
  });
  return letters.slice(0, end < 0 ? letters.length : end);
}

/** What a person sees as one letter is not cut in two, be it a letter with its marks or a family of emoji. */
function lettersOf(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}
