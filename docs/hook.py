"""What mkdocs asks while it builds the site: pages written by program, or that lie elsewhere."""

import re
from pathlib import Path

import commands
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
ELSEWHERE = [
    "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "examples/*.py", "examples/*.ipynb",
    "benchmarks/README.md", "benchmarks/results/*",
]  # fmt: skip
OUT_OF_DOCS = re.compile(r"(\]\((?:\.\./)*)\.\./(?=benchmarks/|examples/|[A-Z]+\.md)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of all commands, and what lies outside of docs/ under the name it has there."""
    files.append(File.generated(config, "commands.md", content=commands.page()))
    for path in (path for pattern in ELSEWHERE for path in sorted(ROOT.glob(pattern))):
        uri = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where a file is on the site, as they lead to it in the repository."""
    if page.file.generated_by:
        return markdown.replace("](docs/", "](")
    return OUT_OF_DOCS.sub(r"\1", markdown)
