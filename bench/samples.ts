/** Measured values of one thing, in the order of the runs. */
export type Samples = readonly number[];

export function median(samples: Samples): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/**
 * Measures several things in turn, A B A B …: whatever else the machine does meanwhile then slows all of them alike, and the ratio
 * of their medians stays true. One round before them is not counted.
 */
export async function interleaved<Name extends string>(
  runs: number,
  measurements: Readonly<Record<Name, () => Promise<number> | number>>,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries(measurements) as [Name, () => Promise<number> | number][]; // keys of a Record<Name, …>
  const samples = Object.fromEntries(entries.map(([name]) => [name, [] as number[]])) as Record<Name, number[]>; // likewise
  for (let run = 0; run <= runs; run++) {
    for (const [name, measure] of entries) {
      const value = await measure();
      if (run > 0) samples[name].push(value);
    }
  }
  return samples;
}
