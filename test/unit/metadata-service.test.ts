import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addressCommands, addressInterface } from '../../native-host/credential-server/metadata-address.ts';
import { connectionOwner } from '../../native-host/credential-server/metadata-proxy.ts';
import { metadataTokens } from '../../native-host/credential-server/metadata-token.ts';

describe('the address of the metadata service', () => {
  it('is added and removed by the system’s own program, for this machine alone', () => {
    expect(addressCommands('linux')).toEqual({
      add: 'ip address add 169.254.169.254/32 dev lo scope host label lo:keyturn'.split(' '),
      remove: 'ip address del 169.254.169.254/32 dev lo'.split(' '),
    });
    expect(addressCommands('darwin')).toEqual({
      add: 'ifconfig lo0 alias 169.254.169.254 netmask 255.255.255.255'.split(' '),
      remove: 'ifconfig lo0 -alias 169.254.169.254'.split(' '),
    });
    const place = ['name=Loopback Pseudo-Interface 1', 'address=169.254.169.254'];
    const netsh = (verb: string): string[] => ['netsh', 'interface', 'ipv4', verb, 'address', ...place];
    expect(addressCommands('win32')).toEqual({
      // Not in the store that outlives a restart.
      add: [...netsh('add'), 'mask=255.255.255.255', 'skipassource=true', 'store=active'],
      remove: [...netsh('delete'), 'store=active'],
    });
    expect(() => addressCommands('sunos')).toThrow('--ec2-server is not made for sunos');
  });

  it('is found on whichever interface has it', () => {
    const address = (text: string) =>
      ({ address: text, family: 'IPv4', internal: true, mac: '', netmask: '', cidr: null }) as const;
    expect(addressInterface({ lo: [address('127.0.0.1')], eth0: [address('169.254.169.25')] })).toBeUndefined();
    expect(addressInterface({ lo: [address('127.0.0.1')], eth1: [address('169.254.169.254')] })).toBe('eth1');
  });
});

describe('the owner of a connection', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-tcp-'));
  afterAll(() => fs.rmSync(directory, { recursive: true }));
  const table = path.join(directory, 'tcp');
  const row = (local: string, remote: string, uid: number): string =>
    `   1: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 12345 1 0000000000000000 20 4 30 10 -1`;

  it('is read where the kernel writes it, by the client’s own end', () => {
    const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
    const rows = [
      row('FEA9FEA9:0050', '00000000:0000', 1), // who listens
      row('FEA9FEA9:0050', 'FEA9FEA9:D431', 2), // the server's end
      row('FEA9FEA9:D431', 'FEA9FEA9:0051', 3), // to another port
      row('FEA9FEA9:D431', 'FEA9FEA9:0050', 1000),
      row('0100007F:0FA0', 'FEA9FEA9:0050', 1001),
    ];
    fs.writeFileSync(table, [header, ...rows, ''].join('\n'));
    expect(connectionOwner('169.254.169.254', 0xd431, table)).toBe(1000);
    expect(connectionOwner('127.0.0.1', 4000, table)).toBe(1001);
    expect(connectionOwner('127.0.0.1', 4001, table)).toBeUndefined();
    expect(connectionOwner('127.0.0.1', 4000, '/no/such/table')).toBeUndefined();
  });
});

describe('a token of the metadata service', () => {
  it('is good until its time is over, and only as it was issued', () => {
    let now = Date.parse('2026-11-21T10:00:00Z');
    const tokens = metadataTokens(() => new Date(now));
    const token = tokens.issue(60);
    expect(token).not.toBe(tokens.issue(60));
    expect(tokens.isGood(token)).toBe(true);
    const [end = '', nonce = '', seal = ''] = token.split('.');
    const later = `${(Number.parseInt(end, 36) + 1000).toString(36)}.${nonce}.${seal}`;
    for (const other of [
      '',
      '..',
      'x',
      `${token}x`,
      later,
      `${end}..${seal}`,
      metadataTokens(() => new Date(now)).issue(60),
    ]) {
      expect(tokens.isGood(other)).toBe(false);
    }
    now += 59_999;
    expect(tokens.isGood(token)).toBe(true);
    now += 1;
    expect(tokens.isGood(token)).toBe(false);
  });
});
