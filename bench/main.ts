/**
 * The figures this product is held to, measured on this machine: `npm run bench`. A target that is missed is said and changes
 * nothing else, because a busy machine misses them too; ratios within one run are what can be compared.
 */
import os from 'node:os';
import { benchCommandLine } from './command-line.ts';
import { benchHost } from './host.ts';
import { benchKeyrings } from './keyrings.ts';
import { benchList } from './list.ts';
import { benchMoving } from './moving.ts';
import { benchPackageSize } from './package-size.ts';
import { benchPopup } from './popup.ts';
import { notMeasured } from './report.ts';

const FIGURES = {
  'command line': benchCommandLine,
  keyrings: benchKeyrings,
  'long list': benchList,
  moving: benchMoving,
  'native host': benchHost,
  popup: benchPopup,
  'package size': benchPackageSize,
};

const [cpu] = os.cpus();
console.log(`Node ${process.version}, ${os.platform()} ${os.arch()}, ${os.cpus().length} x ${cpu?.model ?? 'unknown'}`);
for (const [name, measure] of Object.entries(FIGURES)) {
  try {
    await measure();
  } catch (error) {
    notMeasured(name, error);
  }
}
