import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { noteProfileUse, recentProfiles } from '../../../cli/recent-profiles.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-recent-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

let stateDir = '';
beforeEach(() => {
  stateDir = path.join(fs.mkdtempSync(path.join(root, 'case-')), 'state');
});

function use(profile: string, seconds: number): void {
  noteProfileUse(profile, { stateDir, now: new Date(1_800_000_000_000 + seconds * 1000) });
}

it('remembers the profiles used last, each once, newest first', () => {
  expect(recentProfiles({ stateDir })).toEqual([]);
  use('a', 0);
  use('my prof', 1);
  use('a', 2);
  expect(recentProfiles({ stateDir })).toEqual(['a', 'my prof']);
});

it('keeps names and times to its user, and nothing beside them', () => {
  use('a', 0);
  expect(fs.readdirSync(stateDir)).toEqual(['recent-profiles']);
  const file = path.join(stateDir, 'recent-profiles');
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.readFileSync(file, 'utf8')).toBe('1800000000 a\n');
});

it('writes nothing for a profile that is used again and again', () => {
  use('a', 0);
  const { ino } = fs.statSync(path.join(stateDir, 'recent-profiles'));
  use('a', 30);
  expect(fs.statSync(path.join(stateDir, 'recent-profiles')).ino).toBe(ino);
  use('a', 61);
  expect(fs.readFileSync(path.join(stateDir, 'recent-profiles'), 'utf8')).toBe('1800000061 a\n');
});

it('is bounded', () => {
  for (let index = 0; index < 80; index += 1) use(`p${index}`, index);
  const recent = recentProfiles({ stateDir });
  expect(recent).toHaveLength(50);
  expect(recent[0]).toBe('p79');
});

it('takes a damaged file for what can be read of it, and a name that is no line for none', () => {
  fs.mkdirSync(stateDir);
  fs.writeFileSync(path.join(stateDir, 'recent-profiles'), 'rubbish\n\0\0\n12 ok\nx y z\n');
  expect(recentProfiles({ stateDir })).toEqual(['ok']);
  use('two\nlines', 0);
  expect(recentProfiles({ stateDir })).toEqual(['ok']);
});

it('leaves no half-written file where the directory cannot be written', () => {
  fs.writeFileSync(stateDir, 'a file');
  expect(() => use('a', 0)).toThrow();
  expect(recentProfiles({ stateDir })).toEqual([]);
});
