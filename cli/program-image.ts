import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';

/**
 * How a file can be started: `execve` is certain to work, `shell-script` is text without #! that a shell must read, and
 * `unsure` is for the kernel to decide (another architecture, a registered format, a missing loader).
 */
export type ProgramImage = 'execve' | 'shell-script' | 'unsure';

const HEADER_BYTES = 4096;
const ELF_MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
const MACH_CPU_TYPES: Readonly<Record<string, number>> = { x64: 0x0100_0007, arm64: 0x0100_000c };
const PT_INTERP = 3;

/**
 * Looks at the beginning of an executable file. Needed because Node aborts, beyond any catch, when `process.execve` fails:
 * an unreadable file, a missing interpreter or a foreign format must be known before.
 */
export function programImage(file: string): ProgramImage {
  const header = headerOf(file);
  if (header === undefined) return 'unsure';
  if (header.subarray(0, 2).toString('latin1') === '#!') return isScriptRunnable(header) ? 'execve' : 'unsure';
  if (header.subarray(0, 4).toString('latin1') === '\x7fELF') return isElfRunnable(header) ? 'execve' : 'unsure';
  if (process.platform === 'darwin' && isMachRunnable(header)) return 'execve';
  // As shells tell text from a binary of an unknown kind.
  return header.subarray(0, 128).includes(0) ? 'unsure' : 'shell-script';
}

function headerOf(file: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // Executable but not readable, which is legal.
    return undefined;
  }
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(fd, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

/** The interpreter after #! must be a program itself; the kernel follows a few levels, one is enough to be sure of. */
function isScriptRunnable(header: Buffer): boolean {
  const end = header.indexOf('\n');
  // The kernel reads 256 bytes of the line and no more.
  if (end < 0 || end > 255) return false;
  const line = header.subarray(2, end).toString('utf8').trim();
  const interpreter = line.split(/[ \t]/, 1)[0] ?? '';
  if (!interpreter.startsWith('/') || !isExecutable(interpreter)) return false;
  const image = headerOf(interpreter);
  return (
    image !== undefined && image.subarray(0, 2).toString('latin1') !== '#!' && programImage(interpreter) === 'execve'
  );
}

/** 64-bit little-endian ELF for this machine, whose loader (if it names one) is there. */
function isElfRunnable(header: Buffer): boolean {
  if (header.length < 64 || header[4] !== 2 || header[5] !== 1) return false;
  if (header.readUInt16LE(18) !== ELF_MACHINES[process.arch]) return false;
  const tableOffset = Number(header.readBigUInt64LE(32));
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  if (entrySize < 56 || tableOffset + entrySize * count > header.length) return false;
  for (let at = tableOffset; at < tableOffset + entrySize * count; at += entrySize) {
    if (header.readUInt32LE(at) !== PT_INTERP) continue;
    const start = Number(header.readBigUInt64LE(at + 8));
    const length = Number(header.readBigUInt64LE(at + 32));
    if (start + length > header.length) return false;
    return isExecutable(header.subarray(start, start + length - 1).toString('latin1'));
  }
  return true;
}

function isMachRunnable(header: Buffer): boolean {
  if (header.length < 8) return false;
  // A universal binary: built for every kind of Mac, this one included.
  if (header.readUInt32BE(0) === 0xcafe_babe) return true;
  return header.readUInt32LE(0) === 0xfeed_facf && header.readUInt32LE(4) === MACH_CPU_TYPES[process.arch];
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there or not allowed: that is the answer, not a failure.
    return false;
  }
}
