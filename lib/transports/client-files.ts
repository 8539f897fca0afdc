/** The client for browsers, as the build bundles it: `{path}/client.js` and its like. Public, like any script. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'

const NAMES = ['client', 'client.global', 'client.nodefony', 'client.reload', 'client.timesync', 'client.binary', 'client.digest']

// Beside what is compiled, and from the sources.
const FOLDERS = ['../../client/', '../../dist/client/'].map(folder => new URL(folder, import.meta.url))

/** A day, and then a glance; a page that names the version in its address (`?v=`) needs not even that. */
const CACHE = 'public, max-age=86400, stale-while-revalidate=604800'
const CACHE_VERSION = 'public, max-age=31536000, immutable'

interface ClientFile {
  readonly plain: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

/**
 * Serves the files, read at their first request. They are for everybody: no hook of the gateway runs, for a page needs
 * its scripts before anybody can know who it is for.
 */
export function clientFiles (path: string, { constraints, logLevel }: RouteShorthandOptions) {
  return async function scope (app: FastifyInstance): Promise<void> {
    const files = new Map<string, Promise<ClientFile | null>>()
    for (const name of NAMES.flatMap(name => [`${name}.js`, `${name}.js.map`])) {
      const handler = async (request: FastifyRequest, reply: FastifyReply) => {
        const loaded = files.get(name) ?? load(name)
        files.set(name, loaded)
        const file = await loaded
        return file === null ? reply.callNotFound() : send(file, name, request, reply)
      }
      app.get(`${path}/${name}`, { ...(constraints !== undefined && { constraints }), ...(logLevel !== undefined && { logLevel }) }, handler)
    }
  }
}

function send (file: ClientFile, name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { headers, query } = request
  reply.headers({
    'access-control-allow-origin': '*',
    'cache-control': typeof query === 'object' && query !== null && 'v' in query ? CACHE_VERSION : CACHE,
    'cross-origin-resource-policy': 'cross-origin',
    etag: file.etag,
    vary: 'Accept-Encoding',
    'x-content-type-options': 'nosniff'
  })
  if (headers['if-none-match']?.includes(file.etag) === true) return reply.code(304).send()
  reply.type(name.endsWith('.map') ? 'application/json; charset=utf-8' : 'text/javascript; charset=utf-8')
  const small = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(headers['accept-encoding']))
  return small ? reply.header('content-encoding', 'gzip').send(file.gzipped) : reply.send(file.plain)
}

async function load (name: string): Promise<ClientFile | null> {
  for (const folder of FOLDERS) {
    const plain = await readFile(new URL(name, folder)).catch(() => null)
    if (plain === null) continue
    const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
    return { plain, gzipped: await promisify(gzip)(plain, { level: 9 }), etag }
  }
  return null
}
