import type { SocketClass } from '../host.js'

/** Whether a WebSocket opens at a URL now; it is closed at once. */
export function opens (Socket: SocketClass, url: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = new Socket(url.replace(/^http/, 'ws'))
    const over = (opened: boolean) => {
      socket.onopen = socket.onerror = null
      socket.close()
      resolve(opened)
    }
    socket.onopen = () => over(true)
    socket.onerror = () => over(false)
  })
}
