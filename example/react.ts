/**
 * A React hook: `useChannel(client, '/chat')` is what was said, and `useConnection(client)` how the client is
 * connected; see react/use-channel.ts. The page is bundled by esbuild when the server starts.
 *
 *     npm run build && node dist/example/react.js     # open http://localhost:3000 in two windows
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import Fastify from 'fastify'
import realtime from 'fastify-bayeux'

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>React</title>
<link rel="icon" href="data:,">
<style>body { font: 1rem system-ui; max-width: 36rem; margin: 2rem auto; color-scheme: light dark }</style>
<div id="root"></div>
<script type="module" src="/page.js"></script>`

const { outputFiles } = await build({
  // This file runs from dist/example, and what it bundles stays in the source tree.
  entryPoints: [fileURLToPath(new URL('../../example/react/page.jsx', import.meta.url))],
  bundle: true,
  jsx: 'automatic',
  minify: true,
  format: 'esm',
  write: false,
  define: { 'process.env.NODE_ENV': '"production"' }
})

const app = Fastify()
await app.register(realtime, { policy: { canPublish: (_session, channel, data) => channel === '/chat' && typeof data === 'string' && data.length <= 200 } })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
app.get('/page.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(outputFiles[0]?.text))

console.log(`Chat: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}/`)
