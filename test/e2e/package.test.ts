import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BROWSERS } from './desk.ts';

describe.each(BROWSERS)('the extension for %s', (name) => {
  const folder = path.resolve('dist/extension', name);

  it('is a zip of less than 60 KB', () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-zip-'));
    try {
      const file = path.join(dir, 'extension.zip');
      execFileSync('zip', ['-q', '-r', '-9', file, '.'], { cwd: folder });
      expect(fs.statSync(file).size).toBeLessThan(60 * 1024);
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });

  it('holds no source map, no remote code and only its own browser’s keys', () => {
    const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
    expect(Object.keys(manifest)).not.toContain(name === 'firefox' ? 'key' : 'browser_specific_settings');
    expect(manifest).not.toHaveProperty('host_permissions');
    expect(manifest).not.toHaveProperty('web_accessible_resources');
    // One script for AWS's device pages, which needs no module that pages could fetch.
    expect(manifest.content_scripts).toHaveLength(1);
    expect(fs.readFileSync(path.join(folder, manifest.content_scripts[0].js[0]), 'utf8')).not.toMatch(/\bimport\b/);
  });
});

it('passes Mozilla’s own check', () => {
  const source = path.resolve('dist/extension/firefox');
  const args = ['lint', '--source-dir', source, '--output', 'json', '--self-hosted'];
  const report = JSON.parse(execFileSync('node_modules/.bin/web-ext', args, { encoding: 'utf8' }));
  expect(report.errors).toEqual([]);
});
