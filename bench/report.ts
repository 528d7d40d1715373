import { median, type Samples } from './samples.ts';

/** The part of a target that a figure is held against; a figure without one is for information. */
export type Target = { readonly atMost: number };

const LABEL_WIDTH = 36;

export function heading(text: string, note?: string): void {
  console.log(`\n${text}`);
  if (note !== undefined) console.log(`  ${note}`);
}

/** What later rows are compared with. */
export function baselineRow(label: string, samples: Samples): void {
  row(label, `${spread(samples)}  baseline`);
}

/** Median, minimum and maximum, and the ratio of the medians. */
export function ratioRow(label: string, samples: Samples, against: Samples, target?: Target): void {
  const ratio = median(samples) / median(against);
  row(label, `${spread(samples)}  x ${ratio.toFixed(2)}${verdict(ratio, target, (limit) => limit.toFixed(2))}`);
}

/** The same, with the time that was needed beyond the baseline's; the target is for the whole. */
export function timeRow(label: string, samples: Samples, options: { against?: Samples; target?: Target } = {}): void {
  const { against, target } = options;
  const extra = against === undefined ? '' : `  + ${(median(samples) - median(against)).toFixed(1)}`;
  row(label, `${spread(samples)}${extra}${verdict(median(samples), target, (limit) => `${limit} ms`)}`);
}

export function sizeRow(label: string, bytes: number, target?: Target): void {
  const size = bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const limit = (most: number): string => (most < 1e6 ? `${most / 1000} KB` : `${most / 1e6} MB`);
  row(label, `${size.padStart(9)}${verdict(bytes, target, limit)}`);
}

export function notMeasured(label: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  row(label, `not measured: ${reason.split('\n')[0]?.slice(0, 45) ?? ''}`);
}

function row(label: string, text: string): void {
  console.log(`  ${label.padEnd(LABEL_WIDTH)} ${text}`);
}

function spread(samples: Samples): string {
  const [middle, least, most] = [median(samples), Math.min(...samples), Math.max(...samples)].map((ms) =>
    ms.toFixed(1),
  );
  return `${middle?.padStart(6)} ms  ${`(${least}-${most})`.padEnd(13)}`;
}

function verdict(value: number, target: Target | undefined, text: (limit: number) => string): string {
  if (target === undefined) return '';
  return `  ${value <= target.atMost ? 'ok, ' : 'MISSED, '}target ${text(target.atMost)}`;
}
