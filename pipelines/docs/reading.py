"""What the reference of contracts says beside its tables: how files, XML and flatten.py are read."""

READING = r"""## How files are read

Nothing is guessed: the dialect says how bytes become records, and what contradicts it is refused. A byte order mark
is recognised; one of another encoding refuses the file. Memory does not grow with the file.

- **CSV** ends a row with `\n`, `\r`, `\r\n` or `\r\r\n`; within quotes they are part of the text. A blank line is no
  record. A row with too few or too many fields is quarantined, the others are taken. `delimiter: "\t"` makes it TSV,
  `quote: null` says that a quote is a sign like any other, and `header: [a, b]` that the first row is a record. A
  backslash is a sign like any other.
- **JSONL**: a line stands for itself. Of a file that was cut the last line is malformed, and quarantined.
- **JSON**, **XML** and every archive: a file that was cut is refused as a whole. That a bare CSV or JSONL was cut
  between two records, or a CSV within its last field, nobody can see; a packed file has a checksum.
- **gzip, zip, tar** (packed or not) are refused as a whole where a member is a link, a device, encrypted or an
  archive itself, leaves the archive, or has a name twice; where there are more than 10,000 members, more than 64 GiB,
  or, above 64 MiB, more than 200 times the packed size; and where something stands before or behind them.
- A record may have 64 MiB and 64 levels; a row of a CSV 8 MiB, since its parser holds 32 times as much as the largest
  row may have.

### Records of XML

`record` is the path of the element that is a record, from the root on. It becomes a nested object:

| in the file | is the field |
|---|---|
| attribute `id` | `"@id"` |
| element `text` that holds but text | `text` |
| its text, where it has attributes too | `text.#text` |
| several elements `label`, or one | a list `label`, where the contract reads a list there |
| `<field name="score">4</field>` | `field[@name=score].#text` |
| text and elements in turn | `#text`, all of the text; `#mixed`, the parts in order |
| attribute `set` of the root `corpus` | `"/corpus/@set"`, of every record in it |

```xml
<corpus set="train">
  <doc id="7"><text lang="en">Hello</text><judgment who="ana"><hate>no</hate></judgment></doc>
</corpus>
```

```yaml
dialect: {format: xml, record: corpus/doc}
each: {list: judgment}
item: {key: ["/corpus/@set", "@id"], text: "text.#text"}
annotator: {key: judgment.@who}
answers: {hate: judgment.hate}
```

A list is one also with one element, and is empty where the element around it has none; where that means that no
judgment was given, the question says `unanswered: ["[]"]`. A text that is read by its plain name but has attributes or
elements refuses its record, and as an answer its judgment; as a part of a span it is kept as JSON. Read `#text`.
Elements outside the records are listed in `ignored` (`/corpus/meta: why`), or the file is refused; so it is with a
DOCTYPE, an undeclared entity, or a declaration of another encoding. Text is what XML says it is: a line end is `\n`,
however it was written, and in an attribute a space. White space between elements, comments, processing instructions and
the order of elements of different names are not kept.

### Fields

In CSV a field is a column's name. Elsewhere it is a path:

| path | leads to |
|---|---|
| `a.b` | `b` in the object `a`; a dot, bracket or backslash within a name follows a backslash: `a\.b` |
| `list[key=value].c` | `c` in the one element of a list that has `value` at `key`; several that do refuse the record |
| `list[key=value][].c` | a list of what each such element holds at `c`; empty where there is none |
| `list[a=1][b.c=x][].d` | the same of those that have both; a key may be a path |
| `list[].c` | the same of every element; further `[]` behind it make no lists in lists |
| `object[]` | a list of the values of an object, at the end of a path |
| `pair.0` | the first element of a list, where it is a list; else what the object has by the name `0` |
| `a[?b]` | `b` where `a` is an object, else `a` itself: an export may write `{"id": 7}` or `7` |
| `names.$who` | in the object `names`, the key that the made field `$who` holds |

`[]` and `[?b]` are for JSON, and for CSV with `json_cells`: the columns that it names are read as JSON where a cell is
an object that has the key it names, or a list of such objects; any other cell is the text that it is, whatever it looks
like. Fields of such a file are paths.

Parts of spans and of ranks stand in each element of their list: by name, or, where each is a list itself, by their
places: `spans: {list: marked, start: "0", end: "1", label: "2"}`.

### One record, one of several questions

Where each record answers one question, `when` says which: `{field: value, when: {question: toxicity}}`. In the other
records that question was not asked.

### Times that name a zone

`{field: at, format: "%a %b %d %H:%M:%S %Z %Y", zones: {PST: "-08:00", PDT: "-07:00"}}`: a zone's name means nothing of
itself, for CST is one thing in Chicago and another in Shanghai. `%Z` needs `zones`; a time with another name is refused
with its act.

### Acts by nobody that is named

`annotator: {key: who, unknown: {values: [null], by: annotation_id}}`: where `who` is null, each act is by an unknown
annotator of its own, known by `annotation_id`. Two unknown are never one annotator, nor is one ever somebody who is
named. Where `judgment` says `may_be_absent: true`, a record without the act's own id is an item that nobody judged; an
answer in it is refused.

### What a value says

- A cell of CSV is a text. In JSON a text, a number, `true` and `false` say what stands there, numbers digit by digit; a
  list that holds one of these alone says the same, and a text alone is a set of one. Null, an object and a longer list
  say no text. A rationale, an item's text and the like that are no text are kept as JSON.
- A key of one part is that text. Of several parts each has its `%` written `%25` and its `/` written `%2F`, and they
  are joined by `/`. A part that is missing, or white space alone, is none. `key_digest` is the first 32 hex digits of
  that text's sha256. `strip_prefix` and `strip_suffix` are taken off the first part; an id without them
  refuses the act. With attribution
  `item_scoped` the item's id stands before the annotator's parts, as one part more.
- `raw_answer` is the field's own value: a cell as it is, a JSON value as JSON without white space. Of several fields it
  is an object of those that are there, by their names in the contract: options in the contract's order; best and worst;
  the option and its rank; the answer and its strength; behind them the box, where it overrides. Of spans it is the
  list alone.
- A field that is absent gives no judgment, nor do several that all are. Nor does a value that `unanswered` lists, which
  several fields must all hold; `null` is JSON's, `"[]"` an empty list. Anything else that is no answer is refused, an
  empty one as missing. In an act that was skipped or rejected, what gives no judgment is one without an answer, for it
  was asked; what is no answer is refused there, too: list in `unanswered` what such acts hold.

### The name of the file

`$file` is the file's name within the inbox folder without its last suffix (and without `.gz` and the like behind it):
`train/ana.csv.gz` is `train/ana`. Use it where ids restart in each file (`item: {key: [$file, id]}`), or where a
file's name is its annotator. Files of the same bytes are then several; elsewhere they are one. Two files whose names
differ in their suffix alone are refused. A file without a record is refused, for it may have been cut; `may_be_empty:
true` says that it is one that holds none.

### Where only aggregates were published

An average, a count or a majority is nobody's answer, whatever is known of how many people are behind it. A set of which
nothing else was published says `known_losses: [aggregate_only]`, has no questions and no file of role `judgments`, and
lists what there is in `upstream_aggregates` of files of role `items`. It is landed, its aggregates are kept with its
items, and no dataset can hold it. Mapped as answers they are refused, where the contract is read.

### Where no shape fits

A file mapping says `flatten: true`, and `flatten.py` beside `defs.yaml` defines one function:

```python
def flatten(record: dict) -> Iterator[dict]:
    for who, hate in zip(record["people"], record["votes"].split("|")):
        yield {"id": record["id"], "who": who, "hate": hate, "rest": record.get("rest")}
```

It is called once a record, lazily, and what it yields is read by the mapping as a record would be, `each` included;
fields of a CSV are then paths, too. A fraction of JSON comes and goes as its own text. What it yields and the mapping
does not name is kept in `extra`; what it does not yield is kept in the raw file alone, so yield it. Where it raises,
the record is quarantined (`record_shape`, with the line of flatten.py) and the others go on. Where it gives anything
but dicts of text, numbers, true, false, null, lists and dicts, the run stops. Its text is part of the contract: an
edit reads the files anew.
"""
