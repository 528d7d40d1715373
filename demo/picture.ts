import fs from 'node:fs';
import path from 'node:path';
import { shownPath } from './print.ts';
import { OUTPUT_DIR } from './stage.ts';

/** @returns the path to show */
export function savePicture(name: string, png: Buffer): string {
  fs.mkdirSync(OUTPUT_DIR, { recursive: true });
  const file = path.join(OUTPUT_DIR, `${name}.png`);
  fs.writeFileSync(file, png);
  return shownPath(file);
}
