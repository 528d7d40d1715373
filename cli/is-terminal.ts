import { fstatSync, statSync } from 'node:fs';

/**
 * Whether somebody looks at stdout. Node's own answer costs 10 ms, because it brings sockets and streams with it; what is no
 * device, or is /dev/null, is known without it.
 */
export function stdoutIsTerminal(): boolean {
  return isTerminal(1);
}

/** The same for stderr. */
export function stderrIsTerminal(): boolean {
  return isTerminal(2);
}

function isTerminal(descriptor: 1 | 2): boolean {
  return isDevice(descriptor) && process.getBuiltinModule('node:tty').isatty(descriptor);
}

function isDevice(descriptor: 1 | 2): boolean {
  if (process.platform === 'win32') return true; // where a console is no device
  try {
    const output = fstatSync(descriptor);
    return output.isCharacterDevice() && output.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
  } catch {
    return false; // it is closed
  }
}
