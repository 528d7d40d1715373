import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../native-host/framing.ts';
import { nothing } from '../../../native-host/message-check.ts';
import { action } from '../../../native-host/server.ts';
import { BrowserEnd, browserOf, failure, greets, slow } from './browser-end.ts';

describe('the end', () => {
  it('of the input aborts what is under way, says nothing more, and resolves', async () => {
    const list = slow();
    const { browser } = await browserOf(list);
    browser.send({ id: 1, action: 'list', params: {} });
    const signal = await list.started;
    browser.input.end();
    await browser.ended;
    expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
    expect(browser.unread).toEqual([]);
  });

  it('does not wait for work that never ends', async () => {
    const { browser } = await browserOf({ list: () => new Promise(() => undefined) });
    browser.send({ id: 1, action: 'list', params: {} });
    browser.input.end();
    await browser.ended;
  });

  it('comes by the signal as well', async () => {
    const list = slow();
    const { browser } = await browserOf(list);
    browser.send({ id: 1, action: 'list', params: {} });
    const signal = await list.started;
    browser.stop.abort();
    await browser.ended;
    expect(signal.aborted).toBe(true);
  });

  it('comes when the browser no longer takes answers', async () => {
    const { browser } = await browserOf();
    browser.output.destroy(new Error('EPIPE'));
    await browser.ended;
  });

  it('comes after one answer to an over-long message', async () => {
    const { browser } = await browserOf();
    browser.input.write(Buffer.from([255, 255, 255, 255, 0, 0]));
    browser.send({ id: 1, action: 'list', params: {} });
    await browser.ended;
    expect(browser.unread).toEqual([failure(null, 'BAD_MESSAGE', expect.stringContaining('4294967295 bytes'))]);
  });

  it('inside a message is told', async () => {
    const { browser } = await browserOf();
    browser.input.end(encodeFrame({ id: 1, action: 'list', params: {} }).subarray(0, 9));
    await browser.ended;
    expect(browser.unread).toEqual([failure(null, 'BAD_MESSAGE', 'the connection ended inside a message')]);
  });
});

it('takes no more questions while nobody reads the answers', async () => {
  let answered = 0;
  const big = action(nothing, () => ({ text: 'x'.repeat(1000), number: ++answered }));
  const browser = new BrowserEnd({ ...greets, big }, { highWaterMark: 4000 });
  browser.send({ id: 0, action: 'hello', params: {} });
  for (let id = 1; id <= 40; id += 1) browser.send({ id, action: 'big', params: {} });
  // Every message is a chunk of its own, so the host stops in the middle of them.
  if (!browser.input.isPaused()) await once(browser.input, 'pause');
  expect(answered).toBeGreaterThan(0);
  expect(answered).toBeLessThan(40);
  browser.read();
  for (let id = 0; id <= 40; id += 1) expect(await browser.next()).toMatchObject({ id, ok: true });
});
