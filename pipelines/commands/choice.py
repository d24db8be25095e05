"""How commands name a release: a version, a dataset, and the store's only dataset where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import USAGE, say, stop

if TYPE_CHECKING:
    from pipelines.release.log import Entry
    from pipelines.release.store import ObjectStore

VersionArgument = Annotated[str, typer.Argument(help="A version such as 1.0.0, or latest.")]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", help="Which dataset. Default: the only one in the store.")
]


def datasets_in(store: ObjectStore) -> list[str]:
    """The datasets of which a store holds releases, by name."""
    return sorted({key.split("/")[0] for key in store.keys("") if "/log/" in key})


def only_dataset(store: ObjectStore, dataset: str | None) -> str:
    """The dataset that is named, or the only one in the store; ends the command where that is none, or several."""
    if dataset is not None:
        return dataset
    known = datasets_in(store)
    if len(known) == 1:
        return known[0]
    if not known:
        stop(f"nothing was published to {store.uri} yet; try: variorum run", USAGE)
    stop(f"the store holds several datasets; name one with --dataset: {', '.join(known)}", USAGE)


def chosen(store: ObjectStore, dataset: str, version: str) -> Entry:
    """The release that a version names; whoever names a yanked one is warned."""
    from pipelines.release.verify import find

    found = find(store, dataset, version)
    if found.yanked is not None:
        say(f"WARNING  {found.entry.version} of {dataset} is yanked: {found.yanked}")
    return found.entry
