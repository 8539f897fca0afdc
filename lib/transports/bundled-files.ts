/** Files that the build has made for browsers, in `dist/`: read once, gzipped once, and known by their content. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'

interface BundledFile {
  readonly plain: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

// Beside what is compiled, and from the sources.
const DIST = ['../../', '../../dist/'].map(folder => new URL(folder, import.meta.url))

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json; charset=utf-8'
}

/**
 * Serves files of a folder of `dist/`, each read at its first request. They are for everybody: no hook of the gateway
 * runs, for a page needs its files before anybody can know who it is for.
 * @param files their names, by URL
 * @param headersOf what goes with them
 */
export function serveBundled (app: FastifyInstance, folder: string, files: Readonly<Record<string, string>>, { constraints, logLevel }: RouteShorthandOptions, headersOf: (request: FastifyRequest) => Record<string, string>): void {
  for (const [url, name] of Object.entries(files)) {
    let loading: Promise<BundledFile | null> | undefined
    app.get(url, { ...(constraints !== undefined && { constraints }), ...(logLevel !== undefined && { logLevel }) }, async (request, reply) => {
      loading ??= read(folder, name)
      const file = await loading
      return file === null ? reply.callNotFound() : send(file, name, request, reply.headers(headersOf(request)))
    })
  }
}

async function read (folder: string, name: string): Promise<BundledFile | null> {
  for (const dist of DIST) {
    const plain = await readFile(new URL(`${folder}/${name}`, dist)).catch(() => null)
    if (plain === null) continue
    const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
    return { plain, gzipped: await promisify(gzip)(plain, { level: 9 }), etag }
  }
  return null
}

function send ({ plain, gzipped, etag }: BundledFile, name: string, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers({ etag, vary: 'Accept-Encoding', 'x-content-type-options': 'nosniff' })
  if (headers['if-none-match']?.includes(etag) === true) return reply.code(304).send()
  reply.type(types[name.slice(name.lastIndexOf('.'))] as string)
  const small = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(headers['accept-encoding']))
  return small ? reply.header('content-encoding', 'gzip').send(gzipped) : reply.send(plain)
}
