/** WebDriver BiDi over a WebSocket: commands with answers, and nothing else. */
export type Bidi = {
  readonly send: <T>(method: string, params: object) => Promise<T>;
  readonly close: () => void;
};

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

export async function connectBidi(url: string): Promise<Bidi> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data));
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'error') call?.reject(new Error(`${message.error}: ${message.message}`));
    else call?.resolve(message.result);
  });
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser closed the connection'));
    waiting.clear();
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`cannot connect to ${url}`)), { once: true });
  });
  return {
    send: <T>(method: string, params: object) => {
      lastId += 1;
      const id = lastId;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      socket.send(JSON.stringify({ id, method, params }));
      return answer as Promise<T>; // the caller names the result of the command it sends
    },
    close: () => socket.close(),
  };
}
