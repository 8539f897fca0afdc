/** A line chart of the last values, drawn by hand on a canvas, sharp on any screen. */

const KEPT = 60
const TOP = 100
const MARGIN = { top: 8, right: 10, bottom: 8, left: 30 }

export class Chart {
  #canvas
  #values = []
  #asked = false

  constructor (canvas) {
    this.#canvas = canvas
    new window.ResizeObserver(() => this.#ask()).observe(canvas)
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#ask())
  }

  add (value) {
    this.#values.push(value)
    if (this.#values.length > KEPT) this.#values.shift()
    this.#ask()
  }

  // However fast numbers come, a screen shows one picture a frame.
  #ask () {
    if (this.#asked) return
    this.#asked = true
    window.requestAnimationFrame(() => {
      this.#asked = false
      this.#draw()
    })
  }

  #draw () {
    const canvas = this.#canvas
    const { clientWidth: width, clientHeight: height } = canvas
    const ratio = window.devicePixelRatio || 1
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
    const pen = canvas.getContext('2d')
    pen.scale(ratio, ratio)
    const style = window.getComputedStyle(canvas)
    const y = value => MARGIN.top + (1 - value / TOP) * (height - MARGIN.top - MARGIN.bottom)
    const step = (width - MARGIN.left - MARGIN.right) / (KEPT - 1)
    const x = index => width - MARGIN.right - (this.#values.length - 1 - index) * step
    drawGrid(pen, style, width, y)
    if (this.#values.length > 0) drawLine(pen, style, this.#values.map((value, index) => [x(index), y(value)]), y(0))
  }
}

function drawGrid (pen, style, width, y) {
  pen.font = `11px ${style.fontFamily}`
  pen.textAlign = 'right'
  pen.textBaseline = 'middle'
  pen.lineWidth = 1
  pen.strokeStyle = style.getPropertyValue('--line')
  pen.fillStyle = style.getPropertyValue('--muted')
  for (const value of [0, 25, 50, 75, 100]) {
    const at = Math.round(y(value)) + 0.5
    pen.beginPath()
    pen.moveTo(MARGIN.left, at)
    pen.lineTo(width - MARGIN.right, at)
    pen.stroke()
    pen.fillText(String(value), MARGIN.left - 8, at)
  }
}

function drawLine (pen, style, points, floor) {
  const accent = style.getPropertyValue('--accent')
  const [last] = points.slice(-1)
  pen.beginPath()
  for (const [x, y] of points) pen.lineTo(x, y)
  pen.lineWidth = 2
  pen.lineJoin = 'round'
  pen.strokeStyle = accent
  pen.stroke()
  pen.lineTo(last[0], floor)
  pen.lineTo(points[0][0], floor)
  pen.globalAlpha = 0.1
  pen.fillStyle = accent
  pen.fill()
  pen.globalAlpha = 1
  pen.beginPath()
  pen.arc(last[0], last[1], 4, 0, 2 * Math.PI)
  pen.fill()
}
