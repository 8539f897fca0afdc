/** A line of the last values, without labels: the number stands beside it. */

const KEPT = 60

export class Chart {
  #canvas
  #least
  #values = []

  /** @param least what the upper edge stands for at least */
  constructor (canvas, least) {
    this.#canvas = canvas
    this.#least = least
    new window.ResizeObserver(() => this.#draw()).observe(canvas)
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw())
  }

  add (value) {
    this.#values = [...this.#values, value].slice(-KEPT)
    this.#draw()
  }

  #draw () {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    const ratio = window.devicePixelRatio || 1
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    const pen = this.#canvas.getContext('2d')
    pen.scale(ratio, ratio)
    if (this.#values.length < 2) return
    const top = Math.max(this.#least, ...this.#values)
    const step = (width - 4) / (KEPT - 1)
    const points = this.#values.map((value, index) => [width - 2 - (this.#values.length - 1 - index) * step, 3 + (1 - value / top) * (height - 5)])
    pen.strokeStyle = pen.fillStyle = window.getComputedStyle(this.#canvas).getPropertyValue('--accent')
    pen.lineWidth = 2
    pen.lineJoin = 'round'
    pen.beginPath()
    for (const [x, y] of points) pen.lineTo(x, y)
    pen.stroke()
    pen.lineTo(width - 2, height)
    pen.lineTo(points[0][0], height)
    pen.globalAlpha = 0.1
    pen.fill()
  }
}
