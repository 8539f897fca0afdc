/**
 * A language server in the browser, over stdin and stdout: each visitor has a process that checks their Dockerfile.
 *
 *     npm run build && node dist/example/language-server.js     # open http://localhost:3000
 *
 * The gateway says `initialize` itself, and a schema admits three notifications and no more: with all that a
 * language server can be asked, one for another language may read files and run programs for its client.
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const fileOf = (module: string) => fileURLToPath(import.meta.resolve(module))
const hello = { jsonrpc: '2.0', id: 0, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } }
const methods = ['initialized', 'textDocument/didOpen', 'textDocument/didChange'].map(method => Type.Literal(method))
const publish = Type.Object({ jsonrpc: Type.Literal('2.0'), method: Type.Union(methods), params: Type.Object({}) }, { additionalProperties: false })

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Language server</title>
<style>:root { color-scheme: light dark } body { font: 16px/1.5 system-ui; max-width: 44rem; margin: 1rem auto; padding: 0 1rem } textarea { box-sizing: border-box; font: 15px/1.5 monospace; height: 40vh; padding: .5rem; width: 100% }</style>
<textarea aria-label="Dockerfile" spellcheck="false">FORM node:24\nCOPY . /app\nCMD node /app\n</textarea>
<p role="status">connecting</p>
<ul></ul>
<script type="module">
import { CometD } from '/cometd/cometd.js'
const [code, status, list] = document.body.children
const cometd = new CometD()
cometd.configure({ url: location.origin + '/realtime' })
cometd.addListener('/meta/handshake', ({ successful }) => successful && cometd.subscribe('/service/dockerfile', hear))
cometd.addListener('/meta/unsubscribe', ({ ext }) => { status.textContent = 'The language server is gone: ' + ext.service.reason })
const say = (method, params) => cometd.publish('/service/dockerfile', { jsonrpc: '2.0', method, params })
function hear ({ data: { id, method, params } }) {
  if (method === 'textDocument/publishDiagnostics') show(params.diagnostics)
  if (id !== 0) return
  const file = { uri: 'untitled:Dockerfile', languageId: 'dockerfile', version: 0, text: code.value }
  say('initialized', {})   // that was the answer to initialize: from now on it listens
  say('textDocument/didOpen', { textDocument: file })
  code.oninput = () => say('textDocument/didChange', { textDocument: { uri: file.uri, version: ++file.version }, contentChanges: [{ text: code.value }] })
}
function show (problems) {
  status.textContent = problems.length + (problems.length === 1 ? ' problem' : ' problems')
  list.replaceChildren(...problems.map(({ range, message }) => Object.assign(document.createElement('li'), { textContent: 'Line ' + (range.start.line + 1) + ': ' + message })))
}
cometd.handshake()
</script>`

const server = { type: 'process', command: process.execPath, args: [fileOf('dockerfile-language-server-nodejs/bin/docker-langserver'), '--stdio'], framing: 'content-length', encoding: 'json' } as const
const app = Fastify()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())   // and with it the processes
await app.register(realtime, { services: { dockerfile: { ...server, hello, schema: { publish } } } })
await app.register(fastifyStatic, { root: dirname(fileOf('cometd')), prefix: '/cometd/' })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))

console.log(`Language server: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
