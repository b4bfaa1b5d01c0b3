import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Reply {
  /** The method it answers; without one, any. Requests that race need it. */
  to?: string;
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** The reply leaves when this has resolved. */
  when?: Promise<unknown>;
}

/** A real HTTP server that answers by a test's script and remembers what it was asked. */
export class ScriptedEndpoint {
  readonly seen: SeenRequest[] = [];
  private readonly server: Server;
  private readonly script: Reply[] = [];
  private readonly waiters: { count: number; resolve: () => void }[] = [];

  private constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', async () => {
        const { method = '', url = '', headers } = request;
        // A request that no script expects is answered with what no test wants.
        const reply = this.take(method) ?? { status: 500 };
        this.seen.push({ method, path: url, headers, body });
        this.wakeWaiters();
        await reply.when;
        response.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
  }

  static async start(): Promise<ScriptedEndpoint> {
    const endpoint = new ScriptedEndpoint();
    await new Promise<void>((resolve) => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return this.origin + path;
  }

  /** Appends to the script: one reply per request, in order per method. */
  reply(...replies: Reply[]): void {
    this.script.push(...replies);
  }

  /** Resolves when so many requests have come in since the start. */
  async requests(count: number): Promise<SeenRequest[]> {
    if (this.seen.length < count) {
      await new Promise<void>((resolve) => this.waiters.push({ count, resolve }));
    }
    return this.seen;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(method: string): Reply | undefined {
    const index = this.script.findIndex(({ to }) => to === undefined || to === method);
    return index < 0 ? undefined : this.script.splice(index, 1)[0];
  }

  private wakeWaiters(): void {
    for (const waiter of this.waiters) {
      if (this.seen.length >= waiter.count) waiter.resolve();
    }
  }
}
