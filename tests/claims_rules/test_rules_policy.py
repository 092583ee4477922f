"""The shipped policies say what domain §2, §4.5 and §5 say, and a bad policy file names everything wrong with it."""

import json

import pytest

from mailbot.claims.durations import Duration
from mailbot.claims.model import ClockKind, Role, Status
from mailbot.claims.policy import SHIPPED, PolicyError, dump_policy, load_policy, parse_policy
from mailbot.claims.policy_tables import ACTIONS, MAIL_ACTS, ProofRule

FIELDS = {
    "location": {"location_id"},
    "products": {"products"},
    "contacts": {"customer", "second", "tenant_admin", "domain_reason", "partner"},
}


@pytest.fixture(params=SHIPPED)
def policy(request):
    return load_policy(request.param)


@pytest.mark.parametrize(
    ("clock", "in_2021", "in_2023"),
    [
        ("start_review", "5 business days", "5 business days"),
        ("review", "5 business days", "14 business days"),
        ("decision", "10 business days", None),
        ("partner_action", "5 business days", "14 business days"),
        ("consent_window", "later of 7 days and 5 business days", "later of 7 days and 5 business days"),
        ("dispute", "30 days", "30 days"),
        ("dispute_review", "5 business days", "5 business days"),
        ("delivery_slack", "1 business day", "1 business day"),
        ("customer_question", "1 business day", "1 business day"),
        ("absence", "5 business days", "5 business days"),
        ("absence_undated", "10 business days", "10 business days"),
        ("undo", "30 days", "30 days"),
        ("held_delay", "5 business days", "5 business days"),
        ("data_request", "1 month", "1 month"),
        ("evidence_age", "12 months", "12 months"),
        ("take_back", "10 minutes", "10 minutes"),
        ("join", "1 hour", "1 hour"),
    ],
)
def test_the_clocks_are_those_of_the_domain(clock, in_2021, in_2023):
    for name, text in (("2021", in_2021), ("2023", in_2023)):
        assert load_policy(name).clocks[clock] == (text and Duration.parse(text))


def test_every_clock_of_a_claim_has_a_length(policy):
    own = {ClockKind.SUBSCRIPTION, ClockKind.RETENTION}
    assert set(ClockKind) - own <= policy.clocks.keys()
    assert len(policy.clocks) == 17


def test_a_clock_that_is_off_has_no_length():
    assert load_policy("2021").duration("decision") == Duration.parse("10 business days")
    with pytest.raises(KeyError, match="has no clock decision"):
        load_policy("2023").duration("decision")
    with pytest.raises(KeyError):
        load_policy("2023").duration("nonsense")


def test_one_dispute_is_allowed_and_disassociation_differs():
    assert [load_policy(name).max_disputes for name in SHIPPED] == [1, 1]
    assert [load_policy(name).disassociate for name in SHIPPED] == ["rejected", "rejected_final"]


def test_reminders_go_out_half_way_and_one_business_day_before(policy):
    assert policy.reminders["partner_action"] == ("half", "1 business day before")
    assert policy.reminders["consent_window"] == ("half",)
    assert policy.reminders["subscription"] == ("30 days before", "7 days before")


def test_a_draft_can_be_edited_in_full(policy):
    assert policy.editable(Status.DRAFT) >= {"tenant_id", "solution_area", "activity", "name", "seller", "solution"}


def test_tenant_area_and_activity_are_fixed_after_the_draft(policy):
    for status in set(Status) - {Status.DRAFT}:
        assert not policy.editable(status) & {"tenant_id", "solution_area", "activity"}


@pytest.mark.parametrize(
    ("status", "groups", "evidence", "comment"),
    [
        ("submitted", "location products contacts", "yes", "yes"),
        ("under_review", "", "no", "yes"),
        ("action_required", "location products contacts", "yes", "yes"),
        ("approved", "", "add_only", "yes"),
        ("rejected", "", "with_dispute", "with_dispute"),
        ("disputed", "", "with_dispute", "with_dispute"),
        ("rejected_final", "", "with_dispute", "with_dispute"),
        ("cancelled", "", "with_dispute", "with_dispute"),
    ],
)
def test_policy_2021_edits_as_the_table_of_the_domain(status, groups, evidence, comment):
    rule = load_policy("2021").editing[status]
    assert rule.fields == set().union(*(FIELDS[group] for group in groups.split()))
    assert (rule.evidence, rule.comment) == (evidence, comment)


def test_policy_2023_closes_the_submitted_claim_and_changes_no_other_row():
    old, new = load_policy("2021").editing, load_policy("2023").editing
    assert new["submitted"].fields == frozenset()
    assert (new["submitted"].evidence, new["submitted"].comment) == ("no", "yes")
    assert {s: r for s, r in new.items() if s != "submitted"} == {s: r for s, r in old.items() if s != "submitted"}


def test_customer_contacts_are_editable_while_suspended_under_every_policy(policy):
    extra = {"customer", "second", "tenant_admin", "domain_reason"}
    assert policy.editable("approved") == frozenset()
    assert policy.editable("approved", suspended=True) == extra


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("incentives_user", "read comment draft add_evidence answer", "submit edit dispute withdraw disassociate"),
        ("incentives_admin", "read draft submit edit dispute withdraw disassociate cancel", "approve uphold decline"),
        ("billing_admin", "read comment edit answer dispute withdraw", "submit disassociate draft"),
        ("global_admin", "read comment edit answer dispute withdraw", "submit disassociate draft"),
        ("reviewer", "start_review request_info approve reject arbitrate uphold", "record_decline submit manage_keys"),
        ("office_admin", "start_review approve uphold record_decline manage_people manage_mail", "submit decline"),
        ("customer", "read decline undo accept ask", "comment edit answer approve"),
        ("second_contact", "read decline undo accept ask", "comment"),
        ("tenant_admin_contact", "read decline undo accept ask", "comment"),
        ("system", "", "read approve decline"),
        ("stranger", "", "read"),
    ],
)
def test_policy_2021_gives_each_role_its_acts(role, may, may_not):
    policy = load_policy("2021")
    assert all(policy.may([role], action) for action in may.split())
    assert not any(policy.may([role], action) for action in may_not.split())


def test_policy_2023_leaves_the_other_admins_reading_and_commenting():
    for role in (Role.BILLING_ADMIN, Role.GLOBAL_ADMIN):
        assert load_policy("2023").roles[role] == {"read", "comment"}


def test_an_office_admin_may_all_a_reviewer_may(policy):
    assert policy.roles["reviewer"] < policy.roles["office_admin"]


def test_roles_add_up_and_the_spelling_of_the_api_is_understood(policy):
    assert policy.may({Role.CUSTOMER, Role.REVIEWER}, "start-review")
    assert not policy.may((), "read")


def test_a_refusal_can_name_who_may(policy):
    assert policy.who_may("record-decline") == ("office_admin",)
    assert policy.who_may("disassociate") == ("incentives_admin",)
    assert policy.who_may("create") == policy.who_may("draft") == ("incentives_admin", "incentives_user")


def test_an_act_that_does_not_exist_is_an_error_and_not_a_silent_no(policy):
    for ask in (lambda: policy.may(["reviewer"], "aprove"), lambda: policy.who_may("aprove")):
        with pytest.raises(ValueError, match='"aprove" is no act; there are accept,'):
            ask()


def test_every_action_but_none_else_belongs_to_somebody(policy):
    assert set().union(*policy.roles.values()) == ACTIONS


def test_every_act_of_mail_has_its_proof(policy):
    assert policy.proof.keys() == MAIL_ACTS


def test_any_token_is_enough_to_decline(policy):
    assert policy.proof["decline"].met({"token"})


def test_an_acceptance_needs_the_address_of_record_or_a_second_step(policy):
    rule = policy.proof["accept"]
    assert rule.met({"token", "address_of_record", "aligned"})
    assert rule.met({"page", "second_step", "token"})
    assert not rule.met({"token", "aligned", "page"})
    assert rule.missing({"token", "aligned"}) == {"address_of_record"}
    assert rule.missing({"page", "second_step"}) == frozenset()
    assert rule.otherwise == "step_up"


@pytest.mark.parametrize(
    ("act", "needs", "otherwise"),
    [
        ("answer", "token known_person aligned", "hold_and_step_up"),
        ("submit", "token known_person aligned role", "hold_and_step_up"),
        ("approve", "token address_of_record aligned role", "step_up"),
        ("draft", "known_person aligned role", "hold"),
    ],
)
def test_proof_is_the_matrix_of_the_architecture(policy, act, needs, otherwise):
    assert policy.proof[act] == ProofRule((frozenset(needs.split()),), otherwise)


def test_a_policy_survives_being_written_down(policy):
    again = parse_policy(dump_policy(policy))
    assert again == policy
    assert again.version == policy.version
    assert (again.clocks, again.roles, again.editing) == (policy.clocks, policy.roles, policy.editing)


def test_a_dump_depends_on_no_other_policy(policy):
    assert "extends" not in json.loads(dump_policy(policy))


def test_other_rules_have_another_version_and_the_same_rules_the_same():
    quick = 'extends = "2021"\nname = "quick"\n[clocks]\nundo = "20 seconds"\n'
    slow = quick.replace("20 seconds", "30 seconds")
    assert parse_policy(quick) == parse_policy(quick + "# a remark\n")
    assert parse_policy(quick) != parse_policy(slow)
    assert parse_policy(quick).version.startswith("quick-")
    assert len({load_policy("2021"), load_policy("2023"), load_policy("2021")}) == 2


def test_a_policy_file_changes_what_it_names_and_inherits_the_rest():
    demo = load_policy(
        """
        extends = "2023"
        name = "demo"
        [clocks]
        consent_window = "20 seconds"
        max_disputes = 3
        review = "none"
        [reminders]
        consent_window = ["half", "5 seconds before"]
        [editing.submitted]
        evidence = "yes"
        [roles]
        incentives_user = []
        [proof.accept]
        otherwise = "hold"
        """
    )
    base = load_policy("2023")
    assert demo.clocks["consent_window"] == Duration.parse("20 seconds")
    assert demo.clocks["review"] is None
    assert demo.clocks["undo"] == base.clocks["undo"]
    assert demo.max_disputes == 3
    assert demo.reminders["partner_action"] == base.reminders["partner_action"]
    assert demo.editing["submitted"].evidence == "yes"
    assert demo.editing["submitted"].fields == frozenset()
    assert demo.roles["incentives_user"] == frozenset()
    assert demo.proof["accept"].enough == base.proof["accept"].enough
    assert demo.proof["accept"].otherwise == "hold"
    assert demo.disassociate == "rejected_final"


def test_nothing_in_a_policy_can_be_changed(policy):
    with pytest.raises(TypeError):
        policy.clocks["undo"] = None
    with pytest.raises(AttributeError):
        policy.max_disputes = 9


@pytest.mark.parametrize("name", ["2022", "", "nonsense", "/etc/policy.toml"])
def test_a_name_that_is_not_shipped_is_refused(name):
    with pytest.raises(PolicyError, match="is not a shipped policy; there are 2021, 2023"):
        load_policy(name)


def defects(text: str, head: str = 'extends = "2021"\nname = "x"\n') -> str:
    with pytest.raises(PolicyError) as refusal:
        load_policy(head + text)
    assert str(refusal.value) == "\n".join(refusal.value.defects)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "colour: unknown; known are"),
        ('name2 = "y"', "name2: unknown"),
        ("clocks = 1", "clocks: read 1, allowed is a table"),
        ('[clocks]\nrewiew = "1 day"', "clocks.rewiew: unknown; known are absence,"),
        ('[clocks]\nreview = "5 buisness days"', 'clocks.review: "5 buisness days" is not a duration; write'),
        ("[clocks]\nreview = 5", "clocks.review: read 5, allowed is a duration"),
        ('[clocks]\nconsent_window = "none"', 'clocks.consent_window: "none" is not a duration'),
        ("[clocks]\nmax_disputes = 11", "clocks.max_disputes: read 11, allowed is a whole number from 0 to 10"),
        ("[clocks]\nmax_disputes = true", "clocks.max_disputes: read True"),
        ('[reminders]\ncoffee = ["half"]', "reminders.coffee: unknown"),
        ('[reminders]\nconsent_window = "half"', "reminders.consent_window: read 'half', allowed is a list of texts"),
        ("[reminders]\nconsent_window = [1]", "reminders.consent_window: read [1], allowed is a list of texts"),
        ('[reminders]\nconsent_window = ["soon"]', 'reminders.consent_window: "soon" is not a reminder; write'),
        ("[editing]\nsubmited = {}", "editing.submited: unknown"),
        ("[editing]\nsubmitted = 1", "editing.submitted: read 1, allowed is a table with fields, evidence, comment"),
        ("[editing.submitted]\nfiles = []", "editing.submitted.files: unknown; known are comment, evidence, fields"),
        (
            '[editing.submitted]\nfields = ["all"]',
            "editing.submitted.fields: read 'all', allowed is contacts, location",
        ),
        ('[editing.draft]\nfields = ["tenant"]', "editing.draft.fields: read 'tenant', allowed is all, contacts"),
        ('[editing.draft]\nevidence = "maybe"', "editing.draft.evidence: read 'maybe', allowed is add_only, no"),
        ("[editing.draft]\ncomment = true", "editing.draft.comment: read True, allowed is"),
        ('[roles]\nking = ["read"]', "roles.king: unknown; known are billing_admin,"),
        ('[roles]\nreviewer = ["rule"]', "roles.reviewer: read 'rule', allowed is accept,"),
        ('[roles]\nreviewer = "read"', "roles.reviewer: read 'read', allowed is a list of texts"),
        ('[proof]\nfly = {enough = [["token"]], otherwise = "hold"}', "proof.fly: unknown"),
        ('[proof.accept]\nenough = "token"', "proof.accept.enough: read 'token', allowed is a list of lists"),
        ("[proof.accept]\nenough = []", "proof.accept.enough: read []"),
        ("[proof.accept]\nenough = [[]]", "proof.accept.enough: read [[]]"),
        ('[proof.accept]\nenough = [["charm"]]', "proof.accept.enough: read 'charm', allowed is address_of_record,"),
        ('[proof.accept]\notherwise = "shout"', "proof.accept.otherwise: read 'shout', allowed is hold, hold_and"),
        ('disassociate = "approved"', "disassociate: read 'approved', allowed is rejected or rejected_final"),
        ("disassociate = []", "disassociate: read []"),
        ("clocks = [", "the policy cannot be read: "),
    ],
)
def test_each_defect_says_where_what_was_read_and_what_is_allowed(text, said):
    assert said in defects(text)


@pytest.mark.parametrize("name", ["", 'name = ""\n', "name = 2021\n", f'name = "{"x" * 41}"\n', 'name = "a\\nb"\n'])
def test_a_policy_needs_a_name_of_its_own(name):
    assert "name: read" in defects("", f'extends = "2021"\n{name}')


def test_only_shipped_policies_can_be_extended():
    assert defects("", 'extends = "other"\nname = "x"') == "extends: read 'other', allowed is 2021, 2023"
    assert defects("", 'extends = ["2021"]\nname = "x"') == "extends: read ['2021'], allowed is 2021, 2023"


def test_a_policy_that_extends_nothing_must_say_everything():
    said = defects("", 'name = "x"\n').splitlines()
    assert 'clocks.review: missing; write it, or extends = "2021" at the top' in said
    assert 'editing.draft: missing; write it, or extends = "2021" at the top' in said
    assert 'proof.decline: missing; write it, or extends = "2021" at the top' in said
    assert "disassociate: read None, allowed is rejected or rejected_final" in said


def test_all_defects_are_named_at_once():
    said = defects('[clocks]\nreview = "x"\nundo = "y"\n[roles]\nking = []\n')
    assert len(said.splitlines()) == 3


def test_json_that_is_no_object_is_refused():
    with pytest.raises(PolicyError, match="cannot be read"):
        parse_policy("{")
