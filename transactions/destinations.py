"""Where money can go: banks, virtual accounts and e-wallets (reference/flip-api.md §4.8 and §11)."""

import re

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What an account number means at its destination."""

    BANK = "bank", _("Bank")
    VA = "va", _("VA")
    EWALLET = "ewallet", _("E-Wallet")


EWALLETS = {"dana": "DANA", "gopay": "GoPay", "linkaja": "LinkAja", "ovo": "OVO", "shopeepay": "ShopeePay"}

VA_BANKS = frozenset({"bni", "bri", "cimb", "mandiri", "danamon", "muamalat", "permata"})
"""The banks whose virtual accounts can be paid; a VA carries its bank's code."""

SHORT_NAMES = {
    "artos": "Jago",
    "bca": "BCA",
    "bii": "Maybank",
    "bni": "BNI",
    "bri": "BRI",
    "bsm": "BSI",
    "cimb": "CIMB Niaga",
    "danamon": "Danamon",
    "harda": "Allo Bank",
    "kesejahteraan_ekonomi": "SeaBank",
    "mandiri": "Mandiri",
    "ocbc": "OCBC NISP",
    "panin": "Panin",
    "royal": "blu",
    "tabungan_pensiunan_nasional": "BTPN",
    "yudha_bakti": "Neo Commerce",
}
"""Everyday names of the banks whose full name is long; the others are shown as they stand in BANKS."""

BANKS = {
    "aceh": "Bank Aceh Syariah",
    "agris": "Bank IBK Indonesia",
    "agroniaga": "BRI Agroniaga",
    "aladin": "Bank Aladin Syariah",
    "amar": "Bank Amar Indonesia",
    "america_na": "Bank of America NA",
    "antardaerah": "Bank Antardaerah",
    "anz": "ANZ Indonesia",
    "artha": "Bank Artha Graha Internasional",
    "artos": "Jago/Artos",
    "artos_syr": "Bank Jago Syariah",
    "bali": "BPD Bali",
    "banten": "BPD Banten",
    "bca": "Bank Central Asia",
    "bca_syr": "BCA (Bank Central Asia) Syariah",
    "bengkulu": "Bank Bengkulu",
    "bii": "Maybank Indonesia",
    "bii_syr": "Maybank Syariah",
    "bjb": "BJB",
    "bjb_syr": "BJB Syariah",
    "bni": "BNI (Bank Negara Indonesia)",
    "bnp_paribas": "BNP Paribas Indonesia",
    "boc": "Bank of China (Hong Kong) Limited",
    "bri": "Bank Rakyat Indonesia",
    "bsm": "BSI (Bank Syariah Indonesia)",
    "btn": "BTN",
    "btn_syr": "BTN Syariah",
    "btpn_syr": "Bank BTPN Syariah",
    "bukopin": "Wokee/Bukopin",
    "bukopin_syr": "Bank Bukopin Syariah",
    "bumi_arta": "Bank Bumi Arta",
    "capital": "Bank Capital Indonesia",
    "ccb": "Bank China Construction Bank Indonesia",
    "chinatrust": "CTBC (Chinatrust) Indonesia",
    "cimb": "CIMB Niaga & CIMB Niaga Syariah",
    "citibank": "Citibank",
    "cnb": "Bank CNB (Centratama Nasional Bank)",
    "commonwealth": "Commonwealth Bank",
    "daerah_istimewa": "Bank BPD DIY",
    "daerah_istimewa_syr": "Bank BPD DIY Syariah",
    "danamon": "Bank Danamon & Danamon Syariah",
    "dbs": "DBS Indonesia",
    "deutsche": "Deutsche Bank AG",
    "dinar": "Bank Dinar Indonesia",
    "dki": "Bank DKI",
    "dki_syr": "Bank DKI Syariah",
    "eka": "BPR EKA (Bank Eka)",
    "ganesha": "Bank Ganesha",
    "hana": "LINE Bank/KEB Hana",
    "harda": "Allo Bank/Bank Harda Internasional",
    "hsbc": "HSBC Indonesia",
    "icbc": "ICBC Indonesia",
    "ina_perdana": "Bank Ina Perdana",
    "index_selindo": "Bank Index Selindo",
    "india": "Bank of India Indonesia",
    "jambi": "Bank Jambi",
    "jambi_syr": "Bank Jambi Syariah",
    "jasa_jakarta": "Bank Jasa Jakarta",
    "jawa_tengah": "Bank Jateng",
    "jawa_tengah_syr": "Bank Jateng Syariah",
    "jawa_timur": "Bank Jatim",
    "jawa_timur_syr": "Bank Jatim Syariah",
    "kalimantan_barat": "Bank Kalbar",
    "kalimantan_barat_syr": "Bank Kalbar Syariah",
    "kalimantan_selatan": "Bank Kalsel",
    "kalimantan_selatan_syr": "Bank Kalsel Syariah",
    "kalimantan_tengah": "Bank Kalteng",
    "kalimantan_timur": "Bank Kaltimtara",
    "kalimantan_timur_syr": "Bank Kaltim Syariah",
    "kesejahteraan_ekonomi": "Seabank/Bank BKE",
    "krom": "Krom",
    "lampung": "Bank Lampung",
    "maluku": "Bank Maluku",
    "mandiri": "Bank Mandiri",
    "mantap": "Bank MANTAP (Mandiri Taspen)",
    "mas": "Bank Multi Arta Sentosa (Bank MAS)",
    "maspion": "Bank Maspion Indonesia",
    "mayapada": "Bank Mayapada",
    "mayora": "Bank Mayora Indonesia",
    "mega": "Bank Mega",
    "mega_syr": "Bank Mega Syariah",
    "mestika_dharma": "Bank Mestika Dharma",
    "mizuho": "Bank Mizuho Indonesia",
    "mnc_internasional": "Motion/MNC Bank",
    "muamalat": "Muamalat",
    "mutiara": "Bank Mutiara",
    "nationalnobu": "Nobu (Nationalnobu) Bank",
    "nusa_tenggara_barat": "Bank NTB Syariah",
    "nusa_tenggara_timur": "Bank NTT",
    "nusantara_parahyangan": "Bank Nusantara Parahyangan",
    "ocbc": "Bank OCBC NISP",
    "ocbc_syr": "Bank OCBC NISP Syariah",
    "panin": "Panin Bank",
    "panin_syr": "Panin Dubai Syariah",
    "papua": "Bank Papua",
    "permata": "Permata",
    "permata_syr": "Permata Syariah",
    "prima": "Bank Prima Master",
    "qnb_kesawan": "QNB Indonesia",
    "rabobank": "Rabobank International Indonesia",
    "resona_perdania": "Bank Resona Perdania",
    "riau_dan_kepri": "Bank Riau Kepri",
    "royal": "Blu/BCA Digital",
    "sahabat_sampoerna": "Bank Sahabat Sampoerna",
    "saqu": "Bank Saqu",
    "sbi_indonesia": "SBI Indonesia",
    "shinhan": "Bank Shinhan Indonesia",
    "sinarmas": "Bank Sinarmas",
    "sinarmas_syr": "Bank Sinarmas Syariah",
    "standard_chartered": "Standard Chartered Bank",
    "sulawesi": "Bank Sulteng",
    "sulawesi_tenggara": "Bank Sultra",
    "sulselbar": "Bank Sulselbar",
    "sulselbar_syr": "Bank Sulselbar Syariah",
    "sulut": "Bank SulutGo",
    "sumatera_barat": "Bank Nagari",
    "sumatera_barat_syr": "Bank Nagari Syariah",
    "sumsel_dan_babel": "Bank Sumsel Babel",
    "sumsel_dan_babel_syr": "Bank Sumsel Babel Syariah",
    "sumut": "Bank Sumut",
    "sumut_syr": "Bank Sumut Syariah",
    "super_bank": "Superbank",
    "tabungan_pensiunan_nasional": "BTPN",
    "tokyo": "Bank of Tokyo Mitsubishi UFJ",
    "uob": "TMRW/UOB",
    "victoria_internasional": "Bank Victoria International",
    "victoria_syr": "Bank Victoria Syariah",
    "woori": "Bank Woori Saudara",
    "yudha_bakti": "Neo Commerce/Yudha Bhakti",
}
"""The full name of every bank that can be paid, by its code."""

NAMES = {code: SHORT_NAMES.get(code, name) for code, name in BANKS.items()} | EWALLETS
"""The short name of every destination, by its code."""


OTHER_NAMES = {"bca_syr": ("BCA Syariah",), "bni": ("BNI 46",)}
"""What some banks are called beside that."""

FULL_NAMES = BANKS | EWALLETS
"""The full name of every destination, by its code."""


def full_label(code: str) -> str:
    """Return the name that tables show, and the full one behind it where that is another: "BCA · Bank Central Asia"."""
    name, full_name = NAMES[code], FULL_NAMES[code]
    return name if name == full_name else f"{name} · {full_name}"


def label_of(kind: str, code: str) -> str:
    """Return what a form and an approver call a destination: BCA, GoPay, BNI (VA)."""
    return f"{NAMES[code]} ({Kind.VA.label})" if kind == Kind.VA else NAMES[code]


def codes_of(kind: str) -> frozenset[str]:
    """Return the destination codes that an account of this kind can have."""
    if kind == Kind.EWALLET:
        return frozenset(EWALLETS)
    return VA_BANKS if kind == Kind.VA else frozenset(BANKS)


def find(word: str, kind: str) -> str | None:
    """Return the code of the destination that a person wrote as a code or a name in any case, or None."""
    wanted = _plain(word)
    for code in codes_of(kind):
        if wanted in {_plain(code), _plain(NAMES[code]), _plain(BANKS.get(code, ""))}:
            return code
    return None


def words_of(code: str) -> tuple[str, ...]:
    """Return what people call a destination: "BCA", "Bank BCA", "Bank Central Asia"; "Jago" and "Artos"."""
    names = [NAMES[code], *OTHER_NAMES.get(code, ()), FULL_NAMES[code]]
    both = (re.fullmatch(r"(.+) \((.+)\)", name) for name in names)  # BSI (Bank Syariah Indonesia)
    parts = [part for name in names for part in name.split("/")] + [
        part for two in both if two for part in two.groups()
    ]
    said = [part for part in parts if "(" not in part]
    banks = [f"Bank {name}" for name in said if code in BANKS and "bank" not in name.casefold()]
    return tuple(dict.fromkeys([*said, *banks]))


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", " ", word).strip().casefold()
