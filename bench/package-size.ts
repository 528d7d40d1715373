import fs from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { BROWSERS } from '../test/e2e/desk.ts';
import { heading, sizeRow } from './report.ts';

// What a zip archive adds to each file, apart from its name (twice), and at its end.
const LOCAL_HEADER_BYTES = 30;
const DIRECTORY_HEADER_BYTES = 46;
const END_BYTES = 22;

/** The extensions as they are uploaded. */
export function benchPackageSize(): void {
  heading('Extension as a zip archive (deflate, level 9)');
  for (const browser of BROWSERS) {
    sizeRow(`dist/extension/${browser}`, zipBytes(path.resolve('dist/extension', browser)), { atMost: 60e3 });
  }
}

function zipBytes(directory: string): number {
  const files = fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => fs.statSync(path.join(directory, file)).isFile());
  const sizes = files.map((file) => {
    const content = fs.readFileSync(path.join(directory, file));
    // What does not get smaller is stored as it is.
    const packed = Math.min(content.length, deflateRawSync(content, { level: 9 }).length);
    return LOCAL_HEADER_BYTES + DIRECTORY_HEADER_BYTES + 2 * Buffer.byteLength(file) + packed;
  });
  return sizes.reduce((sum, size) => sum + size, END_BYTES);
}
