//! The P1 of benchmarks/schemas/P1.asn1, by rasn's derive macros.

use rasn::prelude::*;

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice)]
pub enum Apdu {
    #[rasn(tag(0))]
    Message(Message),
    #[rasn(tag(2))]
    Probe(()),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
pub struct Message {
    pub envelope: Envelope,
    pub content: OctetString,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(universal, 17))]
pub struct Envelope {
    pub message_identifier: Identifier,
    pub originator_name: OrName,
    pub encoded_information_types: Option<Types>,
    pub content_type: ContentType,
    #[rasn(tag(application, 10))]
    pub content_identifier: Option<PrintableString>,
    #[rasn(tag(application, 7), default)]
    pub priority: Priority,
    #[rasn(tag(application, 8), default = "no_indicators")]
    pub per_message_indicators: BitString,
    #[rasn(tag(0))]
    pub deferred_delivery_time: Option<UtcTime>,
    #[rasn(tag(application, 9))]
    pub trace_information: SequenceOf<Trace>,
    #[rasn(tag(3))]
    pub extensions: Option<SequenceOf<Extension>>,
    #[rasn(tag(2))]
    pub per_recipient_fields: SequenceOf<Recipient>,
}

fn no_indicators() -> BitString {
    BitString::repeat(false, 2)
}

#[derive(AsnType, Decode, Encode, Debug, Clone, Copy, Default, PartialEq)]
#[rasn(enumerated)]
pub enum Priority {
    #[default]
    Normal = 0,
    NonUrgent = 1,
    Urgent = 2,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(application, 4))]
pub struct Identifier {
    pub global_domain_identifier: Domain,
    pub local_identifier: Ia5String,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(application, 3))]
pub struct Domain {
    pub country_name: Country,
    pub administration_domain_name: Administration,
    pub private_domain_identifier: Option<Private>,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice, tag(explicit(application, 1)))]
pub enum Country {
    X121DccCode(NumericString),
    Iso3166Alpha2Code(PrintableString),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice, tag(explicit(application, 2)))]
pub enum Administration {
    Numeric(NumericString),
    Printable(PrintableString),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice)]
pub enum Private {
    Numeric(NumericString),
    Printable(PrintableString),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(application, 0))]
pub struct OrName {
    pub built_in_standard_attributes: Attributes,
    pub domain_defined: Option<SequenceOf<()>>,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
pub struct Attributes {
    pub country_name: Option<Country>,
    pub administration_domain_name: Option<Administration>,
    #[rasn(tag(0))]
    pub network_address: Option<NumericString>,
    #[rasn(tag(1))]
    pub terminal_identifier: Option<PrintableString>,
    #[rasn(tag(explicit(2)))]
    pub private_domain_name: Option<Private>,
    #[rasn(tag(3))]
    pub organization_name: Option<PrintableString>,
    #[rasn(tag(4))]
    pub numeric_user_identifier: Option<NumericString>,
    #[rasn(tag(5))]
    pub personal_name: Option<PersonalName>,
    #[rasn(tag(6))]
    pub organizational_unit_names: Option<SequenceOf<PrintableString>>,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(universal, 17))]
pub struct PersonalName {
    #[rasn(tag(0))]
    pub surname: PrintableString,
    #[rasn(tag(1))]
    pub given_name: Option<PrintableString>,
    #[rasn(tag(2))]
    pub initials: Option<PrintableString>,
    #[rasn(tag(3))]
    pub generation_qualifier: Option<PrintableString>,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(application, 5))]
pub struct Types {
    #[rasn(tag(0))]
    pub built_in: BitString,
    #[rasn(tag(2))]
    pub teletex: Option<SequenceOf<()>>,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice)]
pub enum ContentType {
    #[rasn(tag(application, 6))]
    BuiltIn(Integer),
    Extended(ObjectIdentifier),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
pub struct Trace {
    pub global_domain_identifier: Domain,
    pub domain_supplied_information: Supplied,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(universal, 17))]
pub struct Supplied {
    #[rasn(tag(0))]
    pub arrival_time: UtcTime,
    #[rasn(tag(1))]
    pub attempted_domain: Option<Domain>,
    #[rasn(tag(2))]
    pub routing_action: RoutingAction,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, Copy, PartialEq)]
#[rasn(enumerated)]
pub enum RoutingAction {
    Relayed = 0,
    Rerouted = 1,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
pub struct Extension {
    #[rasn(tag(explicit(0)))]
    pub r#type: ExtensionType,
    #[rasn(tag(1))]
    pub criticality: BitString,
    #[rasn(tag(explicit(2)))]
    pub value: Any,
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(choice)]
pub enum ExtensionType {
    #[rasn(tag(0))]
    Standard(Integer),
    #[rasn(tag(3))]
    Private(ObjectIdentifier),
}

#[derive(AsnType, Decode, Encode, Debug, Clone, PartialEq)]
#[rasn(tag(universal, 17))]
pub struct Recipient {
    pub recipient_name: OrName,
    #[rasn(tag(0))]
    pub originally_specified_recipient_number: Integer,
    #[rasn(tag(1))]
    pub per_recipient_indicators: BitString,
    #[rasn(tag(2))]
    pub explicit_conversion: Option<Integer>,
}
