"""What the same bank is called in five systems: Flip's code, Bank Indonesia's of three digits, the BIC, the words that
Xendit's files have, and what people write. One table for whatever reads files of others.

A BIC is one for a bank and its sharia unit. A bare number is a BI code, zeros in front or not, or nothing.
"""

import re
from functools import cache
from typing import Final, NamedTuple


class BankName(NamedTuple):
    """A bank in all systems; "" where it isn't known."""

    code: str
    """Flip's, and ours."""
    bi: str
    bic: str
    xendit: tuple[str, ...]
    names: tuple[str, ...]


BANKS: Final = tuple(
    BankName(code, bi, bic, tuple(xendit.split()), tuple(names.split("|")))
    for code, bi, bic, xendit, names in (
        ("bca", "014", "CENAIDJA", "BCA", "BCA|Bank BCA|Bank Central Asia"),
        ("mandiri", "008", "BMRIIDJA", "MANDIRI", "Mandiri|Bank Mandiri|Bank Mandiri (Persero)"),
        ("bri", "002", "BRINIDJA", "BRI", "BRI|Bank BRI|Bank Rakyat Indonesia|Bank Rakyat Indonesia (Persero)"),
        ("bni", "009", "BNINIDJA", "BNI", "BNI|Bank BNI|BNI 46|Bank Negara Indonesia|Bank Negara Indonesia (Persero)"),
        ("bsm", "451", "BSMDIDJA", "BSI MANDIRI_SYR",
         "BSI|Bank Syariah Indonesia|Mandiri Syariah|Bank Syariah Mandiri"),
        ("permata", "013", "BBBAIDJA", "PERMATA", "Permata|Bank Permata|PermataBank"),
        ("cimb", "022", "BNIAIDJA", "CIMB", "CIMB|CIMB Niaga|Bank CIMB Niaga"),
        ("danamon", "011", "BDINIDJA", "DANAMON", "Danamon|Bank Danamon|Bank Danamon Indonesia"),
        ("btn", "200", "BTANIDJA", "BTN", "BTN|Bank BTN|Bank Tabungan Negara|Bank Tabungan Negara (Persero)"),
        ("ocbc", "028", "NISPIDJA", "OCBC", "OCBC|OCBC NISP|Bank OCBC NISP|OCBC Indonesia"),
        ("bii", "016", "IBBKIDJA", "MAYBANK", "Maybank|Maybank Indonesia|Bank Maybank Indonesia|BII"),
        ("panin", "019", "PINBIDJA", "PANIN", "Panin|Bank Panin|Panin Bank|Bank Pan Indonesia"),
        ("mega", "426", "MEGAIDJA", "MEGA", "Mega|Bank Mega"),
        ("sinarmas", "153", "SBJKIDJA", "SINARMAS", "Sinarmas|Bank Sinarmas"),
        ("bukopin", "441", "BBUKIDJA", "BUKOPIN", "Bukopin|Bank Bukopin|KB Bukopin|Bank KB Bukopin|KB Bank|Wokee"),
        ("uob", "023", "BBIJIDJA", "UOB", "UOB|Bank UOB Indonesia|UOB Indonesia|TMRW"),
        ("hsbc", "087", "HSBCIDJA", "HSBC", "HSBC|HSBC Indonesia|Bank HSBC Indonesia"),
        ("dbs", "046", "DBSBIDJA", "DBS", "DBS|DBS Indonesia|Bank DBS Indonesia|digibank"),
        ("citibank", "031", "CITIIDJX", "CITIBANK", "Citibank|Citi"),
        ("standard_chartered", "050", "SCBLIDJX", "STANDARD_CHARTERED", "Standard Chartered|Standard Chartered Bank"),
        ("tabungan_pensiunan_nasional", "213", "SUNIIDJA", "BTPN TABUNGAN_PENSIUNAN_NASIONAL",
         "BTPN|Bank BTPN|Jenius|SMBC Indonesia|Bank SMBC Indonesia"),
        ("btpn_syr", "547", "", "BTPN_SYARIAH TABUNGAN_PENSIUNAN_NASIONAL_SYR", "BTPN Syariah|Bank BTPN Syariah"),
        ("muamalat", "147", "MUABIDJA", "MUAMALAT", "Muamalat|Bank Muamalat|Bank Muamalat Indonesia"),
        ("artos", "542", "JAGBIDJA", "JAGO ARTOS", "Jago|Bank Jago|Artos|Bank Artos"),
        ("kesejahteraan_ekonomi", "535", "SSPIIDJA", "SEABANK BKE",
         "SeaBank|SeaBank Indonesia|Bank SeaBank Indonesia|BKE"),
        ("yudha_bakti", "490", "YUDBIDJ1", "NEO_COMMERCE BNC YUDHA_BAKTI",
         "Neo Commerce|Bank Neo Commerce|BNC|Yudha Bhakti|Yudha Bakti"),
        ("harda", "567", "", "ALLO HARDA_INTERNASIONAL", "Allo Bank|Allo|Bank Harda Internasional"),
        ("royal", "501", "ROYBIDJ1", "BCA_DIGITAL ROYAL",
         "blu|BCA Digital|Bank Digital BCA|blu by BCA Digital|Bank Royal"),
        ("bca_syr", "536", "SYCAIDJ1", "BCA_SYR", "BCA Syariah|Bank BCA Syariah"),
        ("bjb", "110", "PDJBIDJA", "BJB", "BJB|Bank BJB|bank bjb"),
        ("bjb_syr", "425", "", "BJB_SYR", "BJB Syariah|Bank BJB Syariah"),
        ("dki", "111", "BDKIIDJ1", "DKI", "DKI|Bank DKI|Bank Jakarta"),
        ("daerah_istimewa", "112", "", "DAERAH_ISTIMEWA", "BPD DIY|Bank BPD DIY"),
        ("jawa_tengah", "113", "", "JAWA_TENGAH", "Bank Jateng|Jateng|BPD Jawa Tengah"),
        ("jawa_timur", "114", "", "JAWA_TIMUR", "Bank Jatim|Jatim|BPD Jawa Timur"),
        ("sumut", "117", "", "SUMUT", "Bank Sumut|Sumut"),
        ("sumatera_barat", "118", "", "SUMATERA_BARAT", "Bank Nagari|Nagari"),
        ("bali", "129", "", "BALI", "BPD Bali|Bank BPD Bali"),
        ("mayapada", "097", "MAYAIDJA", "MAYAPADA", "Mayapada|Bank Mayapada"),
        ("artha", "037", "ARTGIDJA", "ARTHA", "Artha Graha|Bank Artha Graha|Bank Artha Graha Internasional"),
        ("anz", "061", "ANZBIDJX", "ANZ", "ANZ|ANZ Indonesia"),
        ("woori", "212", "HVBKIDJA", "WOORI", "Woori|Bank Woori Saudara"),
        ("hana", "484", "HNBNIDJA", "HANA", "KEB Hana|Hana|LINE Bank|Bank KEB Hana"),
        ("nationalnobu", "503", "LFIBIDJ1", "NATIONALNOBU", "Nobu|Nobu Bank|Bank Nationalnobu"),
        ("mnc_internasional", "485", "BUMIIDJA", "MNC_INTERNASIONAL", "MNC|Bank MNC|MNC Bank|Motion"),
        ("qnb_kesawan", "167", "AWANIDJA", "QNB_INDONESIA", "QNB|QNB Indonesia"),
        ("agroniaga", "494", "AGTBIDJA", "AGRONIAGA", "BRI Agro|BRI Agroniaga|Bank Raya"),
        ("aladin", "947", "", "ALADIN NET_INDONESIA_SYR", "Aladin|Bank Aladin|Bank Aladin Syariah"),
        ("panin_syr", "517", "", "PANIN_SYR", "Panin Dubai Syariah|Panin Syariah"),
        ("mega_syr", "506", "", "MEGA_SYR", "Mega Syariah|Bank Mega Syariah"),
    )
)  # fmt: skip


def plain(word: str) -> str:
    """Return a name without case, punctuation and the form of the company around it."""
    bare = re.sub(r"\b(?:pt|tbk|persero)\b", " ", re.sub(r"[\W_]+", " ", word.casefold()))
    return " ".join(bare.split())


@cache
def _by_word() -> dict[str, BankName]:
    found: dict[str, BankName] = {}
    for bank in BANKS:
        for word in (bank.code, *bank.xendit, *(f"id {word}" for word in bank.xendit), *bank.names):
            found.setdefault(plain(word), bank)
    return found


@cache
def _by_number() -> dict[str, BankName]:
    return {key: bank for bank in BANKS for key in (bank.bi, bank.bic) if key}


def find(word: str) -> BankName | None:
    """Return the bank that a code, BIC, number or name means, or None."""
    written = word.strip()
    if written.isascii() and written.isdigit():
        return _by_number().get(written.zfill(3)) if len(written) <= 3 else None
    is_bic = re.fullmatch(r"[A-Za-z]{6}[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?", written)
    if is_bic and (bank := _by_number().get(written[:8].upper())):
        return bank
    return _by_word().get(plain(written))


def words_for(word: str) -> frozenset[str]:
    """Return all words for the bank that one of them means, as banks print them; none for an unknown one."""
    bank = find(word)
    return frozenset(filter(None, (bank.bi, bank.bic, *bank.xendit, *bank.names))) if bank else frozenset()
