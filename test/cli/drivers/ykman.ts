// Stands in for ykman: one YubiKey, whose accounts are kept in $YKMAN_STATE. Takes the options of ykman 5 and 3 that matter here.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { totp } from '../../fake-aws/totp.ts';

const state = process.env.YKMAN_STATE ?? '';
const argv = process.argv.slice(2);
appendFileSync(`${state}.calls`, `${argv.join(' ')}\n`);
const accounts: Record<string, string> = existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : {};

function fail(message: string): never {
  process.stderr.write(`ERROR: ${message}\n`);
  process.exit(1);
}

const options = { touch: { type: 'boolean' }, force: { type: 'boolean' }, single: { type: 'boolean' } } as const;
const { values, positionals } = parseArgs({
  args: argv,
  options: { ...options, device: { type: 'string' } },
  allowPositionals: true,
});
const [oath, ...rest] = positionals;
const [action, name = '', ...more] = rest[0] === 'accounts' ? rest.slice(1) : rest;
if (oath !== 'oath' || more.length > 0) fail(`cannot understand ${argv.join(' ')}`);
if (process.env.YKMAN_FAILS === action) fail('No YubiKey detected!');

if (action === 'add') {
  process.stderr.write('Enter a secret key (base32): ');
  const [secret = ''] = readFileSync(0, 'utf8').split('\n');
  if (!/^[A-Z2-7]{16,}$/.test(secret)) fail(`not a key: ${secret}`);
  if (name in accounts && !values.force) fail(`An account called ${name} already exists on this YubiKey.`);
  writeFileSync(state, JSON.stringify({ ...accounts, [name]: secret }));
} else if (action === 'delete') {
  const { [name]: gone, ...left } = accounts;
  if (gone === undefined) fail('No matches, nothing to be done.');
  writeFileSync(state, JSON.stringify(left));
} else if (action === 'code' && values.single === true) {
  const secret = accounts[name];
  if (secret === undefined) fail('No matching account found.');
  process.stdout.write(`${totp(secret, new Date())}\n`);
} else {
  fail(`cannot understand ${argv.join(' ')}`);
}
