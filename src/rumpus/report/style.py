"""How the pages for people look."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #28282e; background: #faf9f6;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto;
        overflow-wrap: normal; }
td, th { padding: .25rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
td:first-child, th:first-child { text-align: left; }
tr.agent { font-weight: 600; }
img { max-width: 100%; }
.plot img { width: 36rem; }
.small { color: #77777f; font-size: .85rem; }
@media (max-width: 40rem) { h1, h2 { font-size: 1.2rem; }
       td, th { padding: .2rem; font-size: .75rem; }
       .wide { overflow-x: auto; } .wide img { max-width: none; height: 20rem; } }
"""
