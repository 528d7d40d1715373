const WIDTHS = ['46%', '62%', '38%', '54%', '44%', '58%', '40%'];

/** Rows of the right height, before the first list has ever come. */
export function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading the profiles">
      {WIDTHS.map((width) => (
        <div class="skeleton-row" key={width}>
          <span class="dot skeleton-dot" />
          <span class="row-text">
            <span class="skeleton-line" style={{ width }} />
            <span class="skeleton-line thin" />
          </span>
        </div>
      ))}
    </div>
  );
}
