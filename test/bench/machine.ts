import { arch, cpus, platform, release, totalmem } from 'node:os'

/** The machine in one line. */
export function machine (): string {
  const all = cpus()
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}, loopback`
}
