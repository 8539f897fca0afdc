/** Load balancers of Debian with the configurations of `example/balancers`, in front of nodes of this process. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folder } from './example.js'
import { freePort } from './free-port.js'
import type { Cleaning } from './installed-server.js'
import { RestartableServer } from './restartable-server.js'

/** What the configurations have for the balancer and for its nodes. */
const LISTENS = 8080
const NODES = [3001, 3002, 3003]

export interface Balancer {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  /** `http://127.0.0.1:port/realtime` */
  readonly url: string
  /** `ws://127.0.0.1:port/realtime` */
  readonly wsUrl: string
}

/**
 * Starts a balancer on a free port; it ends with the test.
 * @param program where haproxy or nginx is
 * @param name of the configuration
 * @param ports of three nodes
 */
export async function startBalancer (t: Cleaning, program: string, name: string, ports: readonly number[]): Promise<Balancer> {
  const place = await mkdtemp(join(tmpdir(), 'fastify-bayeux-balancer-'))
  const port = await freePort()
  const written = await readFile(folder(`example/balancers/${name}`), 'utf8')
  const real = new Map([[LISTENS, port], ...NODES.map((node, index) => [node, ports[index] as number] as const)])
  await writeFile(join(place, name), written.replace(/\b(8080|300[123])\b/g, number => String(real.get(Number(number)))))
  const server = new RestartableServer(port, [program, ...name.startsWith('nginx') ? await nginx(place, name) : ['-f', join(place, name)]])
  t.after(async () => {
    await server.stop()
    await rm(place, { recursive: true, force: true })
  })
  await server.start()
  return { origin: `http://127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/realtime`, wsUrl: `ws://127.0.0.1:${port}/realtime` }
}

// What Debian's nginx.conf says around conf.d, with all that is written below one folder.
async function nginx (place: string, name: string): Promise<string[]> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => `${kind}_temp_path ${place}/temporary;`)
  await mkdir(join(place, 'temporary'))
  await writeFile(join(place, 'main.conf'), [
    'daemon off;',
    'master_process off;',
    `pid ${place}/pid;`,
    `error_log ${place}/error.log;`,
    'events {}',
    `http { access_log off; ${temporary.join(' ')} include ${place}/${name}; }`
  ].join('\n'))
  return ['-e', `${place}/error.log`, '-c', join(place, 'main.conf')]
}
