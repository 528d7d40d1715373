/** The mark of the product: a key whose bow is a turning arrow (the icons are drawn after the same path). */
export function KeyGlyph() {
  return (
    <svg class="glyph" viewBox="0 0 128 128" aria-hidden="true">
      <path d="M60.5 28.5A24 24 0 1 0 67 67L103 103M86 86l12-12M102 102l10-10" />
      <path class="glyph-head" d="M81 43 52 40 71 14z" />
    </svg>
  );
}
