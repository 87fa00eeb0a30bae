"""Charts, drawn by matplotlib once for pages (SVG in the page) and for documents (PNG).

A chart is a frozen value made from the rows of the table beside it: `bars.BarChart`, `waterfall.WaterfallChart`,
`years.YearsChart`, `strip.StripChart`. `inline.svg` puts one into a page, `picture.png` into a document. matplotlib is
imported when the first chart is drawn, never before: `drawing.preload` does it ahead in web processes.
"""
