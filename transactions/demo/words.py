"""What the demo calls people, suppliers and payments. The first of each list are very common, the last are rare."""


def _words(text: str, between: str | None = None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(between))


FIRST_NAMES = _words("""
    Budi Siti Agus Dewi Andi Sri Rizky Putri Dimas Ayu Eko Nur Joko Rina Hendra Wulan Yusuf Fitri Made Ketut
    Wayan Maria Yohanes Fransiska Taufik Lestari Bambang Indah Gilang Ratih Arif Melati Surya Intan Iqbal
    Kartika Reza Nadia Galih Tiara Markus Yuliana Samsul Halimah Komang Cahya Teuku Cut Ucok Butet Asep Neneng
    Zainal Zulaikha
""")
LAST_NAMES = _words("""
    Santoso Wijaya Saputra Lestari Kusuma Hidayat Nugroho Pratama Susanti Setiawan Rahayu Siregar Nasution
    Simanjuntak Situmorang Hutapea Ginting Tanuwijaya Halim Gunawan Hartono Suryadi Maulana Firmansyah Permata
    Anggraini Wibowo Utami Purnomo Mahendra Pangestu Lubis Harahap Pohan Tambunan Sihombing Rumahorbo Fonataba
    Wenda Latuconsina
""")
SUPPLIERS = _words(
    """PT Gayo Highland Koperasi, CV Mega Situ Rasa, UD Sumber Susu Segar, PT Toraja Sapan Kopi,
    CV Kemasan Prima, Koperasi Tani Kintamani, PT Gula Aren Lebak, PT Sinar Jaya Logistik, CV Roti Mawar,
    UD Plastik Abadi, PT Air Murni Tirta, CV Mesin Espresso Indonesia, PT Listrik Prabayar Nusantara,
    Bengkel Las Pak Dhe, PT Karton Box Bandung, CV Teh Walini, Percetakan Cahaya, PT Oatside Distribusi,
    UD Es Batu Kristal, PT Properti Kios Bersama""",
    ",",
)
HARD_NAMES = (
    "محمد عبد الرحمن",
    "陈伟强",
    "林美玲 (Lin Mei Ling)",
    "Kedai ☕ Si Mbah 🐘",
    "Sri Nur'aini Ma'ruf",
    "M. D'Angelo O'Brien",
    "José Ñuñez-Gómez",
    "PT A & B <Bersama>",
    'Haji "Ucok" Baba',
    "R",
    "Raden Mas Panji Surya Adiningrat Kusumowardhani Sastrowijoyo bin Haji Abdurrahman Wahid Al-Bantani",
)
REMARKS = (
    "Komisi barista {month}",
    "Biji kopi Gayo",
    "Sewa kios {month}",
    "",
    "Susu segar dan gula aren",
    "PO-{number}",
    "Listrik & air {month}",
    "Reimburse bensin",
    "Uang makan lembur",
    "Servis mesin espresso #{number}",
    "DP acara {month}",
    "Kasbon",
    "Iuran keamanan ruko",
    "Sponsor lomba latte art ☕",
)
