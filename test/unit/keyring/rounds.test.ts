import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { strongRounds } from '../../../native-host/keyring/rounds.ts';

let parent: string;
let stateDir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keyturn-rounds-'));
  stateDir = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true }));

/** `ms`: what aws-vault's 8192 rounds take on the machine. */
const rounds = (ms: number, asked?: string) => strongRounds({ stateDir, asked }, { measure: () => ms });

describe('the rounds that items are written with', () => {
  it('take the machine 50 ms', () => {
    expect(rounds(2)).toBe(25 * 8192);
  });

  it('are never fewer than those of aws-vault, nor more than it reads', () => {
    expect(rounds(500)).toBe(8192);
    rmSync(stateDir, { recursive: true });
    expect(rounds(0.01)).toBe(1_300_000);
  });

  it('are measured once', () => {
    const first = rounds(2);
    expect(rounds(1)).toBe(first);
    expect(readFileSync(join(stateDir, 'file-rounds'), 'utf8')).toBe(`${first}\n`);
  });

  it('are not remembered by who only looks', () => {
    expect(strongRounds({ stateDir, asked: undefined }, { isKept: false, measure: () => 2 })).toBe(25 * 8192);
    expect(existsSync(stateDir)).toBe(false);
  });

  it.each(['', 'many', '12', '1300001', '20000.5'])('are measured anew where %j was remembered', (text) => {
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, 'file-rounds'), text);
    expect(rounds(2)).toBe(25 * 8192);
  });

  it('are measured by every process where nothing can be written', () => {
    writeFileSync(stateDir, 'a file where the directory should be');
    expect(rounds(2)).toBe(25 * 8192);
    expect(rounds(4)).toBe(Math.round(12.5 * 8192));
  });

  it('are those that are asked for', () => {
    expect(rounds(2, '8192')).toBe(8192);
    expect(rounds(2, '1300000')).toBe(1_300_000);
  });

  it.each(['8191', '1300001', 'many', '-9000', '9e5', '9999999999'])('cannot be %j', (asked) => {
    expect(() => rounds(2, asked)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('are really measured', () => {
    const measured = strongRounds({ stateDir, asked: undefined });
    expect(measured).toBeGreaterThanOrEqual(8192);
    expect(measured).toBeLessThanOrEqual(1_300_000);
  });
});
