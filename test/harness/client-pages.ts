/** A gateway that serves the clients of npm to browsers, as their packages bring them, and a page for each. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { RealtimeOptions } from '../../lib/index.js'
import { startGateway, type Gateway } from './gateway.js'

const scripts = (...urls: string[]) => urls.map(url => `<script src="${url}"></script>`).join('\n')
const script = (program: string) => `<script type="module">\n${program}\n</script>`

const cometdGlobal = (name: string) =>
  scripts(...['cometd', 'AckExtension', 'ReloadExtension'].map(file => `/clients/${name}/${file}.js`)) +
  script("import { speak } from '/pages/cometd.js'\nspeak(window.org.cometd)")

const cometdModule = (name: string) =>
  script(`import { speak } from '/pages/cometd.js'\nimport * as cometd from '/clients/${name}/cometd.js'\nspeak(cometd)`)

/** The body of each page. */
const pages = {
  cometd3: cometdGlobal('cometd3'),
  cometd5: cometdGlobal('cometd5'),
  cometd7: cometdGlobal('cometd7'),
  cometd8: cometdModule('cometd8'),
  cometd: cometdModule('cometd'),
  faye: scripts('/clients/faye/client/faye-browser-min.js') + script("import '/pages/faye.js'"),
  // Its parts are looked for beside the page. The classic script asks for the part that holds the socket.
  'nodefony-client': '<base href="/clients/nodefony-client/dist/">' + scripts('nodefony.js?socket=true', '/pages/nodefony-client.js'),
  'nodefony-stage': scripts('/clients/jquery/dist/jquery.js', '/clients/nodefony-stage/dist/stage.js', '/pages/nodefony-stage.js')
} as const

export type ClientName = keyof typeof pages

const require = createRequire(import.meta.url)
const folderOf = (name: string) => dirname(require.resolve(`${name}/package.json`))
// What a client needs is its own dependency, wherever npm has put that.
const jquery = dirname(createRequire(join(folderOf('nodefony-stage'), 'package.json')).resolve('jquery/package.json'))

async function servePages (app: FastifyInstance): Promise<void> {
  const folders: [prefix: string, root: string][] = [
    ['/pages/', fileURLToPath(new URL('pages/', import.meta.url))],
    ['/clients/jquery/', jquery],
    ...Object.keys(pages).map((name): [string, string] => [`/clients/${name}/`, folderOf(name)])
  ]
  for (const [prefix, root] of folders) await app.register(fastifyStatic, { prefix, root, decorateReply: false })
  for (const [name, body] of Object.entries(pages)) {
    app.get(`/${name}`, (_request, reply) => reply.type('text/html').send(pageOf(name, body)))
  }
  app.get('/elsewhere', (_request, reply) => reply.type('text/html').send(pageOf('elsewhere', '')))
}

const pageOf = (title: string, body: string) =>
  `<!doctype html>\n<meta charset="utf-8">\n<title>${title}</title>\n<link rel="icon" href="data:,">\n<body>\n${body}\n`

type Test = { after: (fn: () => unknown) => unknown }

/** Starts a gateway whose origin has the page of each client below its name: `/faye`. */
export function startClientPages (t: Test, options: RealtimeOptions = {}, port: number = 0): Promise<Gateway> {
  return startGateway(t, options, { port, before: servePages })
}
