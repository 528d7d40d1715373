#!/usr/bin/env node
// Stands for 1Password's `op` 2: the commands for items, their JSON, messages and exit status, over a file as the account
// ($OP_DOUBLE, which also says in which state the account is). It notes its arguments, and refuses what it does not know.
import fs from 'node:fs';

const file = process.env.OP_DOUBLE;
const say = (text) => {
  const now = '2026/11/28 12:00:00';
  fs.writeSync(2, `[ERROR] ${now} ${text}\n`);
  process.exit(1);
};
const argv = process.argv.slice(2);
fs.appendFileSync(`${file}.argv`, `${JSON.stringify(argv)}\n`);

const options = {};
const words = [];
while (argv.length > 0) {
  const word = argv.shift();
  if (!word.startsWith('--')) words.push(word);
  else if (['--vault', '--format', '--tags', '--account'].includes(word)) options[word] = argv.shift();
  else say(`unknown flag: ${word}`);
}

const account = JSON.parse(fs.readFileSync(file, 'utf8'));
if (account.token !== undefined && process.env.OP_SERVICE_ACCOUNT_TOKEN !== account.token) {
  say('You are not currently signed in. Please run `op signin --help` for instructions');
}
if (account.state === 'signed out')
  say('You are not currently signed in. Please run `op signin --help` for instructions');
if (account.state === 'no account') say('No accounts configured for use with 1Password CLI.');
if (account.state === 'dismissed') say('authorization prompt dismissed, please try again');
if (account.state === 'unanswered') say('authorization timeout');
if (account.state === 'forbidden') say('(403) Forbidden: You do not have permission to perform this action.');
if (account.state === 'offline')
  say('Get "https://my.1password.com/api": dial tcp: lookup my.1password.com: no such host');
if (account.state === 'hangs') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
if (account.state === 'old') {
  fs.writeSync(1, 'a table\n');
  process.exit(0);
}
if (options['--vault'] !== account.vault)
  say(`"${options['--vault']}" isn't a vault in this account. Specify the vault with its ID or name.`);
if (options['--format'] !== 'json') say('only JSON is understood here');

const isTemplate =
  (words[1] === 'create' && words[2] === '-' && words.length === 3) || (words[1] === 'edit' && words.length === 3);
const template = isTemplate ? JSON.parse(fs.readFileSync(0, 'utf8')) : undefined;

// One change at a time, as the server has it.
for (;;) {
  try {
    fs.mkdirSync(`${file}.lock`);
    break;
  } catch {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}
process.on('exit', () => fs.rmdirSync(`${file}.lock`));
const { items } = JSON.parse(fs.readFileSync(file, 'utf8'));
const save = () => {
  fs.writeFileSync(`${file}.new`, JSON.stringify({ ...account, items }));
  fs.renameSync(`${file}.new`, file);
};
const answer = (value) => fs.writeSync(1, `${JSON.stringify(value, null, 2)}\n`);
const named = () => {
  const found = items.find(({ id }) => id === words[2]);
  return (
    found ??
    say(`"${words[2]}" isn't an item in the "${account.vault}" vault. Specify the item with its UUID, name, or domain.`)
  );
};
const overview = ({ fields: _, ...item }) => item;

if (words[0] !== 'item') say(`unknown command "${words[0]}" for "op"`);
if (words[1] === 'list' && words.length === 2) {
  const tag = options['--tags'];
  // A tag finds the tags below it, too.
  answer(items.filter(({ tags }) => tags.some((each) => each === tag || each.startsWith(`${tag}/`))).map(overview));
} else if (words[1] === 'get' && words.length === 3) {
  answer(named());
} else if (words[1] === 'create' && isTemplate) {
  const id = Math.random().toString(36).slice(2).padEnd(26, 'a').slice(0, 26);
  const item = { id, version: 1, vault: { id: account.vault, name: 'Test' }, ...template };
  items.push(item);
  save();
  answer(item);
} else if (words[1] === 'edit' && isTemplate) {
  const item = named();
  Object.assign(item, template, { id: item.id, version: item.version + 1 });
  save();
  answer(item);
} else if (words[1] === 'delete' && words.length === 3) {
  items.splice(items.indexOf(named()), 1);
  save();
} else {
  say(`unknown command "${words.slice(0, 2).join(' ')}" for "op"`);
}
