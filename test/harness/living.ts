import { readFileSync } from 'node:fs'

/** @returns whether a process lives; one that has ended and that nobody has asked about does not */
export function lives (pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    // The state stands after the name, which is in brackets (proc(5)).
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}
