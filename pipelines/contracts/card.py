"""What only a person can say of a dataset: the questions of its card.

They are those of Data Statements (Bender, Friedman 2018) and CrowdWorkSheets (Díaz et al. 2022), as far as the tables
cannot tell; ``rai`` is the property of Croissant RAI 1.0 that an answer goes into.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from pipelines.contracts.questions import Part


@dataclass(frozen=True)
class CardQuestion:
    """One question: its code, its words, whether a public dataset must answer it, and where the answer goes."""

    code: str
    words: str
    is_required: bool
    rai: str | None


def _asked(words: str, *, rai: str | None = None, required: bool = False) -> str | None:
    field: str | None = Field(
        None, pattern=r"\S", description=words, json_schema_extra={"rai": rai, "required_of_public": required}
    )
    return field


class CardAnswers(Part):
    """The answers to the card's questions, in the words of whoever releases the dataset."""

    curation_rationale: str | None = _asked(
        "Which items were chosen, from where, and what for?", rai="dataCollection", required=True
    )
    language_variety: str | None = _asked("In which languages and varieties are the items?", required=True)
    speaker_demographic: str | None = _asked("Who wrote or spoke the items?")
    speech_situation: str | None = _asked("When, where and for whom were the items written or spoken?")
    text_characteristics: str | None = _asked("Of which kinds and topics are the items?")
    annotator_demographic: str | None = _asked(
        "Who are the annotators, and whose views are missing?", rai="annotatorDemographics", required=True
    )
    recruitment: str | None = _asked("How were annotators found and chosen, and who was left out?", required=True)
    compensation: str | None = _asked("What were annotators given for their work?", required=True)
    instructions: str | None = _asked(
        "What were annotators told and trained to do, and where are the guidelines?",
        rai="dataAnnotationProtocol",
        required=True,
    )
    subjectivity: str | None = _asked(
        "Where may annotators rightly disagree, and how is disagreement to be read?",
        rai="dataAnnotationAnalysis",
        required=True,
    )
    sensitive_information: str | None = _asked(
        "What do items, answers and attributes hold that is personal, sensitive or offensive?",
        rai="personalSensitiveInformation",
        required=True,
    )
    consent: str | None = _asked(
        "Did annotators and authors agree to publication, and how can they withdraw?", required=True
    )
    uses: str | None = _asked("What is the dataset meant for, and what not?", rai="dataUseCases", required=True)
    limitations: str | None = _asked("What can it not bear?", rai="dataLimitations", required=True)
    biases: str | None = _asked("Which biases are known?", rai="dataBiases")
    social_impact: str | None = _asked("Whom may its use help or harm?", rai="dataSocialImpact")
    maintenance: str | None = _asked(
        "Who keeps it, for how long, and how are mistakes reported and mended?",
        rai="dataReleaseMaintenancePlan",
        required=True,
    )

    def answer(self, code: str) -> str | None:
        """The answer to a question, or None."""
        given: str | None = getattr(self, code)
        return given


def _question(code: str) -> CardQuestion:
    field = CardAnswers.model_fields[code]
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    rai = extra["rai"]
    return CardQuestion(code, str(field.description), bool(extra["required_of_public"]), str(rai) if rai else None)


QUESTIONS = tuple(_question(code) for code in CardAnswers.model_fields)
"""Every question of the card, in its order."""
