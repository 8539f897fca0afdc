/** Bundles what the plugin serves to browsers: the client into dist/client, with its sizes, and the monitor page into dist/monitor. */
import { copyFileSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { smallerCometd } from './smaller-cometd.js'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const bannerOf = name => `/*! fastify-bayeux ${version}, MIT. With parts of ${/digest|nodefony/.test(name) ? '@noble/hashes (MIT), ' : ''}cometd (Apache-2.0) */`

/** Modules, and scripts with the name of their global. */
const bundles = [
  { name: 'client.js', from: 'lib/client/index.ts' },
  { name: 'client.reload.js', from: 'lib/client/reload.ts' },
  { name: 'client.timesync.js', from: 'lib/client/timesync.ts' },
  { name: 'client.binary.js', from: 'lib/client/binary.ts' },
  { name: 'client.digest.js', from: 'lib/client/digest.ts' },
  { name: 'client.global.js', from: 'lib/client/index.ts', global: 'bayeux' },
  { name: 'client.nodefony.js', from: 'lib/client/bundles/nodefony.ts', global: '' }
]

console.log('dist/client             minified   gzipped')
for (const { name, from, global } of bundles) {
  const outfile = `dist/client/${name}`
  await build({
    entryPoints: [from],
    outfile,
    bundle: true,
    minify: true,
    sourcemap: true,
    target: 'es2022',
    format: global === undefined ? 'esm' : 'iife',
    ...(global && { globalName: global }),
    banner: { js: bannerOf(name) },
    legalComments: 'none',
    plugins: [smallerCometd],
    logLevel: 'warning'
  })
  const bytes = readFileSync(outfile)
  const size = length => `${(length / 1024).toFixed(1)} KB`.padStart(10)
  console.log(basename(outfile).padEnd(22) + size(bytes.length) + size(gzipSync(bytes, { level: 9 }).length))
}

const page = 'lib/monitor/page'
await build({
  entryPoints: [`${page}/monitor.js`, `${page}/monitor.css`],
  outdir: 'dist/monitor',
  bundle: true,
  minify: true,
  target: 'es2022',
  format: 'esm',
  banner: { js: bannerOf('digest') },
  legalComments: 'none',
  plugins: [smallerCometd],
  logLevel: 'warning'
})
for (const name of ['index.html', 'monitor.svg']) copyFileSync(`${page}/${name}`, `dist/monitor/${name}`)
